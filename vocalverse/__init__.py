"""VocalVerse: a singing judge for karaoke venues."""

__version__ = "0.1.0"
