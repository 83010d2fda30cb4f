"""What is kept of how a take was sung: a row of figures for whoever asks in SQL, its notes and phrases, and all of it.

What is measured and why is told in `vocalverse.measure`; here are the words that the store and its readers share.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """A column of `measures` each. None where it cannot be known."""

    # Scores of 0 to 100, and between what they lie.
    pitch_score: float | None = None
    pitch_low: float | None = None
    pitch_high: float | None = None
    rhythm_score: float | None = None
    rhythm_low: float | None = None
    rhythm_high: float | None = None
    # How much is sung.
    voiced_s: float | None = None
    note_count: int | None = None
    phrase_count: int | None = None
    phrase_s: float | None = None  # the median phrase
    longest_phrase_s: float | None = None
    # Against the song, where one is known.
    song_untold: str | None = None  # why the take cannot be held against it
    song_confidence: float | None = None  # 0..1 that it is this song
    song_latency_s: float | None = None  # how much later than the song the singing is
    song_tempo: float | None = None  # above 1 the take is slower
    transposed_semitones: int | None = None  # octaves and all
    key_cents: float | None = None  # beside whole semitones
    lines_asked: int | None = None
    lines_sung: int | None = None
    lines_share: float | None = None
    lines_time_share: float | None = None  # of the time of their notes
    pitch_bias_cents: float | None = None  # sharp
    pitch_spread_cents: float | None = None
    in_tune_share: float | None = None  # of the time, within half a semitone
    onset_spread_ms: float | None = None
    in_time_share: float | None = None  # of the notes, within 50 ms
    rushing_share: float | None = None  # of the phrases
    dragging_share: float | None = None
    tendency: str | None = None  # steady, rushing, dragging, unsteady
    # What tells of pitch and rhythm without a song.
    tuning_cents: float | None = None  # above A4 = 440 Hz
    grid_off_cents: float | None = None  # from the semitones of its own tuning
    centre_drift_cents_per_min: float | None = None
    repeats_differ_cents: float | None = None  # phrases that come again
    beat_spread_ms: float | None = None
    # Vibrato.
    vibrato_s: float | None = None
    vibrato_rate_hz: float | None = None
    vibrato_extent_cents: float | None = None  # from the middle to a peak
    vibrato_regularity: float | None = None  # 0..1
    vibrato_onset_delay_s: float | None = None
    vibrato_share: float | None = None  # of the long notes
    # Long tones.
    long_tone_count: int | None = None
    long_tone_spread_cents: float | None = None
    long_tone_drift_cents_per_s: float | None = None
    long_tone_level_spread_db: float | None = None
    long_tone_breaks: float | None = None  # of each
    # Ornaments.
    scoop_count: int | None = None
    fall_count: int | None = None
    kobushi_count: int | None = None
    portamento_count: int | None = None
    # Dynamics.
    dynamics_db: float | None = None  # within phrases
    dynamics_between_phrases_db: float | None = None
    dynamics_moved: str | None = None  # what made the difference: voice, microphone, unclear
    # Range.
    low_midi: float | None = None
    high_midi: float | None = None
    tessitura_low_midi: float | None = None
    tessitura_high_midi: float | None = None
    lowest_held_midi: float | None = None
    highest_held_midi: float | None = None
    # Ring and voice.
    ring_spr_db: float | None = None  # singing power ratio
    ring_formant_db: float | None = None
    ring_formant_hz: float | None = None
    hnr_db: float | None = None
    breathiness_db: float | None = None
    cpps_db: float | None = None
    jitter: float | None = None
    shimmer: float | None = None
    # Breath.
    breath_count: int | None = None
    breaths_per_minute: float | None = None
    breath_db: float | None = None  # against the voice
    phrase_end_db: float | None = None  # against the phrase's middle
    out_of_air_count: int | None = None  # phrases
    breaths_in_words: int | None = None
    # The room and the microphone.
    rest_noise_dbfs: float | None = None  # while nobody sings
    snr_db: float | None = None
    hum_hz: int | None = None
    hum_dbfs: float | None = None
    howl_s: float | None = None
    howl_hz: float | None = None
    # Whether it is somebody singing.
    voiced_share: float | None = None  # of the recording
    voice_in_mix_db: float | None = None  # against the whole recording while it sounds
    leap_semitones: float | None = None  # from note to note, in the mean
    whistled_s: float | None = None
    whistled_share: float | None = None  # of what is loud
    openest_db: float | None = None  # 1 to 2 kHz against what lies below, while the voice is as open as it ever is
    timbre_moves_db: float | None = None  # what tongue and lips do
    held_share: float | None = None  # of the voice: a pitch that is held
    long_notes_share: float | None = None  # of the notes' time
    notes_per_s: float | None = None  # of voice
    syllables: float | None = None  # how surely one begins
    one_note_share: float | None = None  # of the voice
    repeated_share: float | None = None  # of the voice: heard before, wave for wave
    repeated_after_s: float | None = None
    second_voice_share: float | None = None  # of the steady voice
    guide_same_share: float | None = None  # of the voice: as the known guide has it
    guide_moves_alike: float | None = None  # -1..1
    guide_later_s: float | None = None


@dataclass(frozen=True)
class Notes:
    """Equally long."""

    onset_s: Sequence[float] = ()
    offset_s: Sequence[float] = ()
    pitch_midi: Sequence[float] = ()
    cents_spread: Sequence[float] = ()
    level_db: Sequence[float] = ()  # against full scale


@dataclass(frozen=True)
class Phrases:
    """Equally long."""

    start_s: Sequence[float] = ()
    end_s: Sequence[float] = ()
    first_note: Sequence[int] = ()  # of the take's, counted from 0; the next phrase's is the first behind it
    line: Sequence[int | None] = ()  # of the song's lyrics, counted from 0
    level_db: Sequence[float | None] = ()  # against full scale
    pitch_mark: Sequence[float | None] = ()  # 0..1, against the song
    pitch_bias_cents: Sequence[float | None] = ()  # sharp
    rhythm_mark: Sequence[float | None] = ()  # 0..1
    late_ms: Sequence[float | None] = ()


@dataclass(frozen=True)
class Sung:
    figures: Figures
    notes: Notes
    phrases: Phrases
    document: bytes  # all that was measured, as `vocalverse.measure.told` packs it
