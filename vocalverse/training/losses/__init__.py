"""What training makes small. Each takes what was predicted and what was wanted of a batch, and gives one number."""
