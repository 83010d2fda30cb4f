"""What karaoke games pay for a take, and what we do: for good singing, for damaged singing, and for what is none."""
