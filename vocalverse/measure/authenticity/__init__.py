"""Whether a take is somebody singing: shares, seconds and decibels that tell a voice from what stands in for one."""
