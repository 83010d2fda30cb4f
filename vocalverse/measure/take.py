"""All that is measured of one take: by itself, and against its song where that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from vocalverse.audio.waveform import Samples
from vocalverse.measure.against.align import Aligned, Unaligned, align
from vocalverse.measure.against.coverage import Coverage, coverage
from vocalverse.measure.against.intonation import Intonation, intonation
from vocalverse.measure.against.line_ends import LineEnd, line_ends
from vocalverse.measure.against.matching import match
from vocalverse.measure.against.rhythm import Rhythm, rhythm
from vocalverse.measure.authenticity.authenticity import Authenticity, measure_authenticity
from vocalverse.measure.frames import STAGE, Frames, Heard
from vocalverse.measure.free.beat_timing import BeatTiming, beat_timing
from vocalverse.measure.free.beats import find_beats
from vocalverse.measure.free.consistency import Consistency, consistency
from vocalverse.measure.free.grid import CentreDrift, SemitoneGrid, centre_drift, semitone_grid
from vocalverse.measure.free.histogram import PitchHistogram, pitch_histogram
from vocalverse.measure.free.scale import ScaleFit, fit_scale
from vocalverse.measure.free.tuning import Tuning, tuning_of
from vocalverse.measure.notes import Note, find_notes
from vocalverse.measure.phrases import Phrase, find_phrases
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.reference.guide import Contour
from vocalverse.measure.reference.melody import Melody, MelodyNote
from vocalverse.measure.room import RoomHealth, measure_room
from vocalverse.measure.singing.air import Air, measure_air
from vocalverse.measure.singing.breath import find_breaths
from vocalverse.measure.singing.breathing import Breathing, Word, measure_breathing
from vocalverse.measure.singing.colour import Colour, measure_colour
from vocalverse.measure.singing.compass import Compass, measure_compass
from vocalverse.measure.singing.dynamics import Dynamics, measure_dynamics
from vocalverse.measure.singing.long_tones import LongTones, measure_long_tones
from vocalverse.measure.singing.ornaments import Ornament, find_ornaments
from vocalverse.measure.singing.ring import Ring, measure_ring
from vocalverse.measure.singing.support import Carried, measure_support
from vocalverse.measure.singing.touch import Touch, measure_touch
from vocalverse.measure.singing.vibrato import Vibrato, measure_vibrato
from vocalverse.measure.singing.voice_quality import VoiceQuality, measure_voice_quality
from vocalverse.records import Progress, no_progress


@dataclass(frozen=True)
class AgainstSong:
    """None where too little of the song is sung to tell."""

    melody: Melody
    aligned: Aligned
    intonation: Intonation | None
    rhythm: Rhythm | None
    coverage: Coverage | None
    ends: tuple[LineEnd, ...] = ()


@dataclass(frozen=True)
class ByItself:
    """What tells of pitch and rhythm without knowing the song. None where too little is sung to tell."""

    grid: SemitoneGrid | None
    drift: CentreDrift | None
    histogram: PitchHistogram | None
    consistency: Consistency | None
    timing: BeatTiming | None  # against the beats of the whole recording
    backing: Tuning | None = None  # how the backing is tuned that is heard beside the voice
    scale: ScaleFit | None = None


@dataclass(frozen=True)
class Measured:
    pitch: Pitch
    notes: tuple[Note, ...]
    phrases: tuple[Phrase, ...]
    vibrato: Vibrato
    long_tones: LongTones
    support: tuple[Carried, ...]
    ornaments: tuple[Ornament, ...]
    touch: tuple[Touch, ...]
    dynamics: Dynamics
    compass: Compass
    ring: Ring
    voice: VoiceQuality
    colour: Colour
    air: Air
    breathing: Breathing
    room: RoomHealth
    by_itself: ByItself
    against_song: AgainstSong | Unaligned | None  # None: no song is known
    authenticity: Authenticity


def hear(dry: Samples, wet: Samples, mix: Samples, tracker: PitchTracker, *, progress: Progress = no_progress) -> Heard:
    """The shared frames of a voice without its room, with it, and of the whole recording, all at 44.1 kHz."""
    progress(STAGE, 0.0)
    frames = Frames.of(dry)
    wet_frames = frames if wet is dry else Frames.of(wet)  # a dry room leaves the voice as it is
    mix_frames = wet_frames if mix is wet else Frames.of(mix)  # and a voice alone is the recording
    return Heard(frames, wet_frames, mix_frames, tracker.track(frames, progress=progress))


def measure_take(
    heard: Heard, melody: Melody | None = None, *, guide: Contour | None = None, progress: Progress = no_progress
) -> Measured:
    progress(STAGE, 0.5)
    notes, breaths = find_notes(heard), find_breaths(heard)
    progress(STAGE, 0.6)
    backing = _tuned(heard)
    song = _against(heard, melody, notes, backing) if melody else None
    lines, words = (_lines(song), _words(song)) if isinstance(song, AgainstSong) else ((), None)
    phrases = find_phrases(notes, breaths=breaths, lines=lines)
    progress(STAGE, 0.7)
    vibrato = measure_vibrato(heard.pitch, notes)
    voice = measure_voice_quality(heard)
    progress(STAGE, 0.8)
    room, by_itself = measure_room(heard), _by_itself(heard, notes, phrases, backing)
    progress(STAGE, 0.9)
    aligned = song.aligned if isinstance(song, AgainstSong) else song
    return Measured(
        pitch=heard.pitch,
        notes=notes,
        phrases=phrases,
        vibrato=vibrato,
        long_tones=measure_long_tones(heard, notes),
        support=measure_support(heard, notes),
        ornaments=find_ornaments(heard.pitch, notes, vibrato),
        touch=measure_touch(heard.pitch, notes, vibrato),
        dynamics=measure_dynamics(heard, notes, phrases),
        compass=measure_compass(heard.pitch, notes),
        ring=measure_ring(heard),
        voice=voice,
        colour=measure_colour(heard, notes, phrases),
        air=measure_air(heard, phrases),
        breathing=measure_breathing(heard, breaths=breaths, notes=notes, phrases=phrases, words=words),
        room=room,
        by_itself=by_itself,
        against_song=song,
        authenticity=measure_authenticity(heard, notes, melody=melody, aligned=aligned, guide=guide),
    )


def _tuned(heard: Heard) -> Tuning | None:
    """What is heard beside the voice: nothing where the voice is the recording."""
    return None if heard.mix is heard.wet else tuning_of(heard.mix.samples - heard.wet.samples)


def _against(heard: Heard, melody: Melody, notes: Sequence[Note], backing: Tuning | None) -> AgainstSong | Unaligned:
    aligned = align(heard.pitch, melody)
    if isinstance(aligned, Unaligned):
        return aligned
    matched = match(aligned, melody, notes, heard.pitch)
    sung = coverage(aligned, melody, heard.pitch)
    tuning_cents = backing.near(aligned.key_cents) if backing else 0.0
    ends = line_ends(aligned, melody, heard.pitch)
    return AgainstSong(melody, aligned, intonation(matched, tuning_cents=tuning_cents), rhythm(matched), sung, ends)


def _by_itself(heard: Heard, notes: Sequence[Note], phrases: Sequence[Phrase], backing: Tuning | None) -> ByItself:
    beats = find_beats(heard.mix)
    return ByItself(
        grid=semitone_grid(heard.pitch, tuning_cents=backing.cents if backing else None),
        drift=centre_drift(heard.pitch),
        histogram=pitch_histogram(heard.pitch),
        consistency=consistency(phrases, heard.pitch),
        timing=beat_timing([note.start_s for note in notes], beats.at_s) if beats else None,
        backing=backing,
        scale=fit_scale(heard.pitch, notes, backing),
    )


def _lines(song: AgainstSong) -> tuple[Word, ...]:
    """Every line where it is sung; before the take's beginning where it is not, so that none loses its number."""
    spans = []
    for index, (line, sung) in enumerate(zip(song.melody.lines, song.aligned.lines, strict=True)):
        start_s, end_s = song.aligned.sung_s(line.start_s, index), song.aligned.sung_s(line.end_s, index)
        if not sung.found or start_s is None or end_s is None:
            start_s = end_s = -1.0
        spans.append(Word(start_s, end_s, line.text))
    return tuple(spans)


def _words(song: AgainstSong) -> tuple[Word, ...]:
    """Of the lines that are sung."""
    words = []
    for index, (line, sung) in enumerate(zip(song.melody.lines, song.aligned.lines, strict=True)):
        begun: list[MelodyNote] = []
        for note in line.notes if sung.found else ():
            begun.append(note)
            if note.ends_word or note is line.notes[-1]:
                start_s = song.aligned.sung_s(begun[0].start_s, index)
                end_s = song.aligned.sung_s(note.end_s, index)
                if start_s is not None and end_s is not None:
                    words.append(Word(start_s, end_s, "".join(syllable.text for syllable in begun)))
                begun = []
    return tuple(words)
