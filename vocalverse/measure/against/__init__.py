"""A take held against its song."""
