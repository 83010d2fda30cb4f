"""What is kept of `Measured`: one flat row of figures, notes and phrases as columns, and the whole, packed."""

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np

from vocalverse.measure.against.align import Unaligned
from vocalverse.measure.authenticity.authenticity import Authenticity
from vocalverse.measure.marks import Score
from vocalverse.measure.room import RoomHealth
from vocalverse.measure.singing.ornaments import OrnamentKind
from vocalverse.measure.take import AgainstSong, Measured
from vocalverse.measure.told import packed
from vocalverse.sung import Figures, Notes, Phrases, Sung


def as_sung(measured: Measured, *, pitch: Score | None = None, rhythm: Score | None = None) -> Sung:
    """The scores are the prescreen's, which reads all of what was measured."""
    scored = _with_scores(_of_room(_by_itself(measured), measured.room), pitch, rhythm)
    told = _of_authenticity(_against_song(scored, measured.against_song), measured.authenticity)
    return Sung(_known(told), _notes(measured), _phrases(measured), packed(measured))


def _with_scores(figures: Figures, pitch: Score | None, rhythm: Score | None) -> Figures:
    if pitch:
        figures = replace(figures, pitch_score=pitch.value, pitch_low=pitch.low, pitch_high=pitch.high)
    if rhythm:
        figures = replace(figures, rhythm_score=rhythm.value, rhythm_low=rhythm.low, rhythm_high=rhythm.high)
    return figures


def _against_song(figures: Figures, song: AgainstSong | Unaligned | None) -> Figures:
    if song is None:
        return figures
    if isinstance(song, Unaligned):
        return replace(figures, song_untold=song.value)
    aligned, sung, pitch, rhythm = song.aligned, song.coverage, song.intonation, song.rhythm
    return replace(
        figures,
        song_latency_s=aligned.latency_s,
        song_tempo=aligned.tempo_ratio,
        transposed_semitones=aligned.transposed_semitones,
        key_cents=aligned.key_cents,
        lines_asked=sung.asked if sung else None,
        lines_sung=sung.sung if sung else None,
        lines_share=sung.share if sung else None,
        lines_time_share=sung.time_share if sung else None,
        pitch_bias_cents=pitch.bias_cents if pitch else None,
        pitch_spread_cents=pitch.spread_cents if pitch else None,
        in_tune_share=pitch.in_tune_share if pitch else None,
        onset_spread_ms=rhythm.spread_ms if rhythm else None,
        in_time_share=rhythm.in_time_share if rhythm else None,
        rushing_share=rhythm.rushing_share if rhythm else None,
        dragging_share=rhythm.dragging_share if rhythm else None,
        tendency=rhythm.tendency.value if rhythm else None,
    )


def _of_authenticity(figures: Figures, found: Authenticity) -> Figures:
    played = found.playback
    return replace(
        figures,
        song_confidence=found.song_confidence,
        voiced_share=found.presence.voiced_share,
        voice_in_mix_db=found.presence.in_mix_db,
        leap_semitones=found.presence.leap_semitones,
        whistled_s=found.timbre.whistled_s,
        whistled_share=found.timbre.whistled_share,
        openest_db=found.timbre.openest_db,
        timbre_moves_db=found.timbre.moves_db,
        held_share=found.speech.held_share,
        long_notes_share=found.speech.long_notes_share,
        notes_per_s=found.speech.notes_per_s,
        syllables=found.speech.syllables,
        one_note_share=found.one_note.share,
        repeated_share=found.repetition.share,
        repeated_after_s=found.repetition.after_s,
        second_voice_share=found.second_voice.share,
        guide_same_share=played.same_share if played else None,
        guide_moves_alike=played.moves_alike if played else None,
        guide_later_s=played.later_s if played else None,
    )


def _by_itself(measured: Measured) -> Figures:
    own, vibrato, tones = measured.by_itself, measured.vibrato, measured.long_tones
    dynamics, compass, ring, voice = measured.dynamics, measured.compass, measured.ring, measured.voice
    breathing = measured.breathing
    ornaments = [ornament.kind for ornament in measured.ornaments]
    return Figures(
        voiced_s=compass.voiced_s,
        note_count=len(measured.notes),
        phrase_count=len(measured.phrases),
        phrase_s=breathing.phrase_s,
        longest_phrase_s=breathing.longest_phrase_s,
        tuning_cents=own.grid.tuning_cents if own.grid else None,
        grid_off_cents=own.grid.off_cents if own.grid else None,
        centre_drift_cents_per_min=own.drift.cents_per_min if own.drift else None,
        repeats_differ_cents=own.consistency.differ_cents if own.consistency else None,
        beat_spread_ms=own.timing.spread_ms if own.timing else None,
        vibrato_s=vibrato.seconds,
        vibrato_rate_hz=vibrato.rate_hz,
        vibrato_extent_cents=vibrato.extent_cents,
        vibrato_regularity=vibrato.regularity,
        vibrato_onset_delay_s=vibrato.onset_delay_s,
        vibrato_share=vibrato.share_of_long_notes,
        long_tone_count=len(tones.tones),
        long_tone_spread_cents=tones.spread_cents,
        long_tone_drift_cents_per_s=tones.drift_cents_per_s,
        long_tone_level_spread_db=tones.level_spread_db,
        long_tone_breaks=tones.breaks_per_tone,
        scoop_count=ornaments.count(OrnamentKind.SCOOP),
        fall_count=ornaments.count(OrnamentKind.FALL),
        kobushi_count=ornaments.count(OrnamentKind.KOBUSHI),
        portamento_count=ornaments.count(OrnamentKind.PORTAMENTO),
        dynamics_db=dynamics.range_db,
        dynamics_between_phrases_db=dynamics.between_phrases_db,
        dynamics_moved=dynamics.moved.value if dynamics.moved else None,
        low_midi=compass.low_midi,
        high_midi=compass.high_midi,
        tessitura_low_midi=compass.tessitura_low_midi,
        tessitura_high_midi=compass.tessitura_high_midi,
        lowest_held_midi=compass.lowest_held_midi,
        highest_held_midi=compass.highest_held_midi,
        ring_spr_db=ring.spr_db,
        ring_formant_db=ring.formant_db,
        ring_formant_hz=ring.formant_hz,
        hnr_db=voice.hnr_db,
        breathiness_db=voice.breathiness_db,
        cpps_db=voice.cpps_db,
        jitter=voice.jitter,
        shimmer=voice.shimmer,
        breath_count=len(breathing.breaths),
        breaths_per_minute=breathing.breaths_per_minute,
        breath_db=breathing.breath_db,
        phrase_end_db=breathing.held_db,
        out_of_air_count=breathing.out_of_air,
        breaths_in_words=None if breathing.in_words is None else len(breathing.in_words),
    )


def _of_room(figures: Figures, room: RoomHealth) -> Figures:
    return replace(
        figures,
        rest_noise_dbfs=room.noise_floor_dbfs,
        snr_db=room.snr_db,
        hum_hz=room.hum_hz,
        hum_dbfs=room.hum_dbfs,
        howl_s=room.howl_s,
        howl_hz=room.howl_hz,
    )


def _known(figures: Figures) -> Figures:
    """Plain numbers, and none of them one that is no number."""
    told: dict[str, Any] = {field.name: getattr(figures, field.name) for field in fields(figures)}
    real = {name: float(value) for name, value in told.items() if isinstance(value, np.floating | float)}
    known: dict[str, Any] = {name: value if math.isfinite(value) else None for name, value in real.items()}
    return replace(figures, **known)


def _notes(measured: Measured) -> Notes:
    notes = measured.notes
    return Notes(
        onset_s=[float(note.start_s) for note in notes],
        offset_s=[float(note.end_s) for note in notes],
        pitch_midi=[float(note.midi) for note in notes],
        cents_spread=[float(note.cents_spread) for note in notes],
        level_db=[float(note.level_db) for note in notes],
    )


def _phrases(measured: Measured) -> Phrases:
    """What was found of a line of the song stands with the phrase that sings it."""
    phrases, song = measured.phrases, measured.against_song
    known = song if isinstance(song, AgainstSong) else None
    pitch = {one.line: one for one in known.intonation.phrases} if known and known.intonation else {}
    rhythm = {one.line: one for one in known.rhythm.phrases} if known and known.rhythm else {}
    level_db = {one.phrase: one.level_db for one in measured.dynamics.phrases}
    lines = [-1 if phrase.line is None else phrase.line for phrase in phrases]
    return Phrases(
        start_s=[float(phrase.start_s) for phrase in phrases],
        end_s=[float(phrase.end_s) for phrase in phrases],
        first_note=[phrase.notes.start for phrase in phrases],
        line=[phrase.line for phrase in phrases],
        level_db=[float(level_db[number]) if number in level_db else None for number in range(len(phrases))],
        pitch_mark=[float(pitch[line].mark) if line in pitch else None for line in lines],
        pitch_bias_cents=[float(pitch[line].bias_cents) if line in pitch else None for line in lines],
        rhythm_mark=[float(rhythm[line].mark) if line in rhythm else None for line in lines],
        late_ms=[float(rhythm[line].bias_ms) if line in rhythm else None for line in lines],
    )
