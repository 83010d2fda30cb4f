"""What a song should be: a melody with its lyrics, read from the files in which people write songs down."""
