"""What is measured in a voice: pure functions from arrays and bytes to frozen results."""
