"""What a voice does, whatever it sings."""
