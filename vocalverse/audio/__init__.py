"""Hearing: from untrusted bytes to a waveform, and what the waveform says of the recording itself."""
