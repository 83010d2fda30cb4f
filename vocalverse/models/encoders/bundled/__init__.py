"""Encoders that come with the package, and what made their files."""
