"""Which pitch a voice sings, and when it sings at all."""
