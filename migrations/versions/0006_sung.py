"""How a take was sung: figures, notes and phrases, the prescreen's verdict, and how microphones do against their past"""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ear = import_module("migrations.versions.0004_ear")

VERDICTS = ("pass", "low", "refuse")

REAL, WHOLE, WORD = sa.Float(precision=53), sa.Integer(), sa.Text()
FIGURES = {
    "pitch_score": (REAL, "Pitch, 0 to 100: against the song where it is known, else by itself."),
    "pitch_low": (REAL, "It lies between this ..."),
    "pitch_high": (REAL, "... and this."),
    "rhythm_score": (REAL, "Rhythm, 0 to 100: against the song where it is known, else against the beats."),
    "rhythm_low": (REAL, "It lies between this ..."),
    "rhythm_high": (REAL, "... and this."),
    "voiced_s": (REAL, "Seconds in which a pitch is sung."),
    "note_count": (WHOLE, "Notes that were sung."),
    "phrase_count": (WHOLE, "Phrases that were sung."),
    "phrase_s": (REAL, "Length of the median phrase."),
    "longest_phrase_s": (REAL, "Length of the longest phrase."),
    "song_untold": (WORD, "Why the take cannot be held against its song: nothing_sung, nothing_asked, nothing_alike."),
    "song_confidence": (REAL, "How likely it is that this song is sung, 0 to 1."),
    "song_latency_s": (REAL, "How much later the singing is than the song."),
    "song_tempo": (REAL, "Above 1 the take is slower than the song."),
    "transposed_semitones": (WHOLE, "By how much it is sung higher than written, octaves and all."),
    "key_cents": (REAL, "And by how many cents beside whole semitones."),
    "lines_asked": (WHOLE, "Lines that the song has for the singers that are heard."),
    "lines_sung": (WHOLE, "Of these, lines that were sung."),
    "lines_share": (REAL, "Share of the lines that were sung."),
    "lines_time_share": (REAL, "The same by the time of their notes."),
    "pitch_bias_cents": (REAL, "How sharp all of it is against the song."),
    "pitch_spread_cents": (REAL, "Half of the span of the middle 68 % of notes around that."),
    "in_tune_share": (REAL, "Share of the time within half a semitone of the song."),
    "onset_spread_ms": (REAL, "Half of the span of the middle 68 % of notes beginnings."),
    "in_time_share": (REAL, "Share of the notes that begin within 50 ms of the song."),
    "rushing_share": (REAL, "Share of the phrases that rush."),
    "dragging_share": (REAL, "Share of the phrases that drag."),
    "tendency": (WORD, "steady, rushing, dragging or unsteady."),
    "tuning_cents": (REAL, "Tuning of the singer above A4 = 440 Hz."),
    "grid_off_cents": (REAL, "Median distance from the semitones of that tuning."),
    "centre_drift_cents_per_min": (REAL, "How the tonal centre moves."),
    "repeats_differ_cents": (REAL, "How much phrases differ when they come again."),
    "beat_spread_ms": (REAL, "Standard deviation of notes against the nearest part of a beat."),
    "vibrato_s": (REAL, "Seconds of vibrato."),
    "vibrato_rate_hz": (REAL, "Cycles a second; empty where there is less than a second of vibrato."),
    "vibrato_extent_cents": (REAL, "From the middle to a peak."),
    "vibrato_regularity": (REAL, "0 to 1: what a steady sine explains of it."),
    "vibrato_onset_delay_s": (REAL, "How long after a notes start it sets in."),
    "vibrato_share": (REAL, "Share of the long notes that have it."),
    "long_tone_count": (WHOLE, "Tones of 0.8 s and more."),
    "long_tone_spread_cents": (REAL, "How still they are in pitch, vibrato and drift aside."),
    "long_tone_drift_cents_per_s": (REAL, "How they drift: above 0 sharper and sharper."),
    "long_tone_level_spread_db": (REAL, "How still they are in level."),
    "long_tone_breaks": (REAL, "Breaks of the voice for each of them."),
    "scoop_count": (WHOLE, "Notes entered from below."),
    "fall_count": (WHOLE, "Notes left downwards into silence."),
    "kobushi_count": (WHOLE, "Turns within a note."),
    "portamento_count": (WHOLE, "Slow ways from one note to the next."),
    "dynamics_db": (REAL, "Range of level within the median phrase."),
    "dynamics_between_phrases_db": (REAL, "How much phrases differ in level."),
    "dynamics_moved": (WORD, "What made it louder and softer: voice, microphone or unclear."),
    "low_midi": (REAL, "5 % of the time is sung below."),
    "high_midi": (REAL, "5 % of the time is sung above."),
    "tessitura_low_midi": (REAL, "Half of the time is sung between this ..."),
    "tessitura_high_midi": (REAL, "... and this."),
    "lowest_held_midi": (REAL, "The lowest note that is held."),
    "highest_held_midi": (REAL, "The highest note that is held."),
    "ring_spr_db": (REAL, "Singing power ratio: the peak in 2 to 4 kHz against the one below."),
    "ring_formant_db": (REAL, "How far the singers formant stands out."),
    "ring_formant_hz": (REAL, "Where it is."),
    "hnr_db": (REAL, "Tone against noise. This and the next four describe a voice and are no marks."),
    "breathiness_db": (REAL, "Noise against tone from 2 to 5 kHz."),
    "cpps_db": (REAL, "Cepstral peak prominence, smoothed."),
    "jitter": (REAL, "How much periods differ from their neighbours, as a share of one."),
    "shimmer": (REAL, "The same of their heights."),
    "breath_count": (WHOLE, "Breaths that are heard."),
    "breaths_per_minute": (REAL, "From the first phrase to the end of the last."),
    "breath_db": (REAL, "Level of the median breath against the voice."),
    "phrase_end_db": (REAL, "Level at phrases ends against their middle."),
    "out_of_air_count": (WHOLE, "Phrases at whose end level and pitch give way together."),
    "breaths_in_words": (WHOLE, "Breaths that cut a word; empty where no words are known."),
    "rest_noise_dbfs": (REAL, "Noise while nobody sings."),
    "snr_db": (REAL, "The voice above that noise."),
    "hum_hz": (WHOLE, "50 or 60 where the mains hum."),
    "hum_dbfs": (REAL, "Level of that hum."),
    "howl_s": (REAL, "Seconds of feedback howl."),
    "howl_hz": (REAL, "Pitch of the longest howl."),
    "voiced_share": (
        REAL,
        "Share of the recording in which a pitch is sung. This and what follows tell singing from else.",
    ),
    "voice_in_mix_db": (REAL, "The voice against the whole recording while it sounds."),
    "leap_semitones": (REAL, "From note to note, in the mean."),
    "whistled_s": (REAL, "Seconds of whistling: one line without overtones."),
    "whistled_share": (REAL, "Its share of what is loud."),
    "openest_db": (REAL, "1 to 2 kHz against what lies below, while the voice is as open as it ever is."),
    "timbre_moves_db": (REAL, "What tongue and lips do: how the spectrum moves within 50 ms."),
    "held_share": (REAL, "Share of the voice in which a pitch is held; in talk it is small."),
    "long_notes_share": (REAL, "Share of the notes time that long ones take."),
    "notes_per_s": (REAL, "Notes for each second of voice."),
    "syllables": (REAL, "How surely one begins, in the mean of the voice; 0 where nothing moves."),
    "one_note_share": (REAL, "Share of the voice that is one note, octaves aside."),
    "repeated_share": (REAL, "Share of the voice that was heard before, wave for wave."),
    "repeated_after_s": (REAL, "How long before, mostly."),
    "second_voice_share": (REAL, "Share of the steady voice under which there is another."),
    "guide_same_share": (REAL, "Share of the voice at the pitch of the known guide vocal; empty where none is known."),
    "guide_moves_alike": (REAL, "-1 to 1: how alike they waver; another singer has about 0."),
    "guide_later_s": (REAL, "How much later than the guide."),
}

OUTCOME, LAST = "a.outcome,", "m.bleed_db"
VIEW = ear.WIDER.replace(OUTCOME, f"{OUTCOME}\n       a.prescreen,").replace(
    LAST, ",\n       ".join([LAST, *(f"m.{name}" for name in FIGURES)])
)
WORDS = {
    **ear.WORDS,
    "report_recordings.prescreen": "What rules said before anything judged: pass, low or refuse. See reasons.",
    **{f"report_recordings.{name}": words for name, (_, words) in FIGURES.items()},
}

# What it is of a take, and by how much more it is clearly worse than before; by how much less where that is negative.
MEDIANS = {
    "noise_dbfs": ("rest_noise_dbfs", 6.0),
    "snr_db": ("snr_db", -6.0),
    "bleed_db": ("bleed_db", 6.0),
    "reverberation_s": ("reverberation_t60_s", 0.3),
    "latency_s": ("backing_delay_s", 0.05),
}
SHARES = {
    "clipped_share": ("clipped_share > 0.0001", 0.2),
    "hum_share": ("CASE WHEN howl_s IS NOT NULL THEN hum_hz IS NOT NULL END", 0.2),  # where it was listened for
    "howl_share": ("howl_s > 0", 0.2),
    "dropouts_share": ("dropout_count > 0", 0.2),
    "dead_channel_share": ("dead_channels > 0", 0.2),
}
TOLD = {
    **{name: f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {of})" for name, (of, _) in MEDIANS.items()},
    **{name: f"avg(({of})::int::float8)" for name, (of, _) in SHARES.items()},
}
BOTH = [
    f"{told} FILTER (WHERE {when}) AS {name}{since}"
    for name, told in TOLD.items()
    for when, since in (("lately", ""), ("NOT lately", "_before"))
]
WORSE = [
    f"CASE WHEN {name} - {name}_before {'>' if more > 0 else '<'} {more} THEN '{name}' END"
    for name, (_, more) in {**MEDIANS, **SHARES}.items()
]
LISTED = ",\n           "

# Ids begin with the time at which they were made: by that the view reads no more than it tells of.
MICROPHONES = f"""
CREATE VIEW report_microphones WITH (security_invoker = true) AS
WITH takes AS (
    SELECT DISTINCT ON (a.recording_id)
           v.slug AS venue, rooms.name AS room, machines.name AS machine, r.microphone_model AS microphone,
           r.received_at, r.received_at > now() - interval '7 days' AS lately,
           m.rest_noise_dbfs, m.snr_db, m.bleed_db, m.reverberation_t60_s, m.backing_delay_s, m.clipped_share,
           m.hum_hz, m.howl_s, m.dropout_count, m.dead_channels
    FROM assessments a
    JOIN measures m ON m.assessment_id = a.id
    JOIN recordings r ON r.id = a.recording_id
    JOIN venues v ON v.id = r.venue_id
    LEFT JOIN rooms ON rooms.id = r.room_id
    LEFT JOIN machines ON machines.id = r.machine_id
    WHERE a.id > (
        lpad(to_hex((extract(epoch FROM now() - interval '97 days') * 1000)::bigint), 12, '0') || repeat('0', 20)
    )::uuid
    ORDER BY a.recording_id, a.id DESC
), told AS (
    SELECT venue, room, machine, microphone,
           count(*) FILTER (WHERE lately) AS takes,
           count(*) FILTER (WHERE NOT lately) AS takes_before,
           max(received_at) AS last_at,
           {LISTED.join(BOTH)}
    FROM takes
    GROUP BY venue, room, machine, microphone
)
SELECT told.*,
       CASE WHEN takes >= 5 AND takes_before >= 20 THEN array_remove(ARRAY[
           {LISTED.join(WORSE)}
       ], NULL) END AS worse
FROM told
"""
OF_MICROPHONES = {
    "report_microphones": "One row per venue, room, machine and microphone: the last 7 days against the 90 days before.",
    "report_microphones.takes": "Recordings of the last 7 days; those of the 90 days before are in takes_before.",
    "report_microphones.noise_dbfs": "Noise while nobody sings, of the median recording.",
    "report_microphones.snr_db": "The voice above that noise.",
    "report_microphones.bleed_db": "Level of a known backing in the recording against all the rest.",
    "report_microphones.reverberation_s": "Reverberation time of the room.",
    "report_microphones.latency_s": "How late a known backing is heard in the recording.",
    "report_microphones.clipped_share": "Share of the recordings that clip.",
    "report_microphones.hum_share": "Share of the recordings in which the mains hum.",
    "report_microphones.howl_share": "Share of the recordings with feedback howl.",
    "report_microphones.dropouts_share": "Share of the recordings with dropouts.",
    "report_microphones.dead_channel_share": "Share of the recordings with a dead channel.",
    "report_microphones.worse": "Which of these are clearly worse than before; empty where too few recordings tell.",
}


def upgrade() -> None:
    verdict = postgresql.ENUM(*VERDICTS, name="verdict", create_type=False)
    verdict.create(op.get_bind())
    op.add_column("assessments", sa.Column("prescreen", verdict, nullable=True))
    for name, (kind, _) in FIGURES.items():
        op.add_column("measures", sa.Column(name, kind, nullable=True))
    op.add_column("notes", sa.Column("cents_spread", postgresql.ARRAY(sa.REAL()), nullable=True))
    op.add_column("notes", sa.Column("level_db", postgresql.ARRAY(sa.REAL()), nullable=True))
    many = [(name, sa.REAL()) for name in ("start_s", "end_s")]
    many += [(name, sa.Integer()) for name in ("first_note", "line")]
    many += [(name, sa.REAL()) for name in ("level_db", "pitch_mark", "pitch_bias_cents", "rhythm_mark", "late_ms")]
    _table_of_assessments("phrases", *(sa.Column(name, postgresql.ARRAY(kind), nullable=False) for name, kind in many))
    _table_of_assessments("measured", sa.Column("document", sa.LargeBinary(), nullable=False))
    ear.show(VIEW, WORDS)
    op.execute(MICROPHONES)
    ear.say(OF_MICROPHONES)


def _table_of_assessments(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f(f"{name}_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f(f"{name}_pkey")),
    )


def downgrade() -> None:
    op.execute("DROP VIEW report_microphones")
    ear.show(ear.WIDER, ear.WORDS)
    op.drop_table("measured")
    op.drop_table("phrases")
    for name in ("level_db", "cents_spread"):
        op.drop_column("notes", name)
    for name in reversed(FIGURES):
        op.drop_column("measures", name)
    op.drop_column("assessments", "prescreen")
    op.execute("DROP TYPE verdict")
