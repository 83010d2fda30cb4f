"""What can be told of a take of which nobody knows the song."""
