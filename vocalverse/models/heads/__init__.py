"""Networks that judge: features and measures in, a score and how sure it is out."""
