"""Pitch and rhythm from 0 to 100: against the song where it is known, by themselves where it is not."""

from vocalverse.measure.marks import Score
from vocalverse.measure.take import AgainstSong, Measured


def pitch_score(measured: Measured) -> Score | None:
    """None where nothing is known."""
    song = measured.against_song
    if isinstance(song, AgainstSong) and song.intonation:
        return song.intonation.score
    return measured.by_itself.grid.score if measured.by_itself.grid else None


def rhythm_score(measured: Measured) -> Score | None:
    """None where nothing is known."""
    song = measured.against_song
    if isinstance(song, AgainstSong) and song.rhythm:
        return song.rhythm.score
    return measured.by_itself.timing.score if measured.by_itself.timing else None
