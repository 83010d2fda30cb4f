"""All that tells whether a take is somebody singing. Numbers alone: what they mean is for the prescreen's rules."""

from collections.abc import Sequence
from dataclasses import dataclass

from vocalverse.measure.against.align import Aligned, Unaligned
from vocalverse.measure.authenticity.one_note import OneNote, measure_one_note
from vocalverse.measure.authenticity.playback import Playback, measure_playback
from vocalverse.measure.authenticity.presence import Presence, measure_presence
from vocalverse.measure.authenticity.repetition import Repetition, measure_repetition
from vocalverse.measure.authenticity.second_voice import SecondVoice, measure_second_voice
from vocalverse.measure.authenticity.speech import Speech, measure_speech
from vocalverse.measure.authenticity.timbre import Timbre, measure_timbre
from vocalverse.measure.frames import Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.reference.guide import Contour
from vocalverse.measure.reference.melody import Melody


@dataclass(frozen=True)
class Authenticity:
    presence: Presence
    timbre: Timbre
    speech: Speech
    one_note: OneNote
    repetition: Repetition
    second_voice: SecondVoice
    playback: Playback | None  # None: no guide is known
    song_confidence: float | None  # 0..1 that this is the song; None where none is known, or too little is sung
    on_its_song: float  # the same; 0 where that is None


def measure_authenticity(
    heard: Heard,
    notes: Sequence[Note],
    *,
    melody: Melody | None = None,
    aligned: Aligned | Unaligned | None = None,
    guide: Contour | None = None,
) -> Authenticity:
    confidence = _song_confidence(aligned)
    return Authenticity(
        presence=measure_presence(heard, notes),
        timbre=measure_timbre(heard),
        speech=measure_speech(heard, notes, melody),
        one_note=measure_one_note(heard.pitch, melody),
        repetition=measure_repetition(heard),
        second_voice=measure_second_voice(heard, melody),
        playback=measure_playback(heard.pitch, guide),
        song_confidence=confidence,
        on_its_song=confidence or 0.0,
    )


def _song_confidence(aligned: Aligned | Unaligned | None) -> float | None:
    if aligned is Unaligned.NOTHING_ALIKE:
        return 0.0
    return aligned.confidence if isinstance(aligned, Aligned) else None
