"""What scores rest on: measurements by name, on how much each of them rests, and where in the recording it shows."""
