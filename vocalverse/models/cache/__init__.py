"""What encoders made of recordings, kept so that it is made once."""
