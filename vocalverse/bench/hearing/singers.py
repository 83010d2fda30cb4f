"""How near the voice comes to the truth: by singer and scene, and on a whole song in stereo."""

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import csd, fftconvolve, welch

from vocalverse.bench.hearing.data import RATE_HZ, ROOMS, SINGERS, Corpus, Signal, Song, Stereo, Take
from vocalverse.bench.hearing.ears import Contender, Contenders
from vocalverse.bench.hearing.scenes import DELAY_S, DRIFT_PPM, Recording, Scene, record
from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.errors import BadInput
from vocalverse.records import Progress, no_progress
from vocalverse.separate.quality import sdr, si_sdr

_LEVELS_DB = (0.0, -5.0)
_RESPONSE = 4096  # samples: equalisers, no room
_FARTHEST_S = 2.0  # a song and its instrumental lie no further apart


@dataclass(frozen=True)
class Choice:
    """How much is heard of each singer."""

    songs: int
    clips: int  # of each song


def singers(
    corpus: Corpus, contenders: Contenders, choice: Choice, *, progress: Progress = no_progress
) -> Iterator[Table]:
    """A table for each scene and level: SI-SDR clip by clip within takes of a whole song's kind."""
    rooms = corpus.rooms(ROOMS)
    takes = {singer: corpus.takes(singer, songs=choice.songs, clips=choice.clips) for singer in SINGERS}
    conditions = list(itertools.product(Scene, _LEVELS_DB))
    for done, (scene, level_db) in enumerate(conditions):
        found: dict[str, list[list[float]]] = {}
        for at, (singer, own) in enumerate(takes.items()):
            progress("singers", (done + at / len(takes)) / len(conditions))
            recordings = [
                record(take, scene, voice_to_backing_db=level_db, room=rooms[(at + number) % len(rooms)])
                for number, take in enumerate(own)
            ]
            found[singer] = _scores(recordings, own, contenders)
        yield _table(scene, level_db, found, list(contenders), choice)
    progress("singers", 1.0)


def _scores(recordings: Sequence[Recording], takes: Sequence[Take], contenders: Contenders) -> list[list[float]]:
    """For each contender, dB of every clip."""
    scores: list[list[float]] = []
    for hear in contenders.values():
        mine = []
        for recording, take in zip(recordings, takes, strict=True):
            voice = hear(recording, no_progress)
            mine += [si_sdr(voice[clip], recording.voice[clip]) for clip in take.clips]
        scores.append(mine)
    return scores


def _table(
    scene: Scene, level_db: float, found: dict[str, list[list[float]]], heads: Sequence[Contender], choice: Choice
) -> Table:
    everybody = [list(itertools.chain.from_iterable(each)) for each in zip(*found.values(), strict=True)]
    rows = [Row(f"{singer}, median", [statistics.median(each) for each in scores]) for singer, scores in found.items()]
    rows.append(Row("all, median", [statistics.median(each) for each in everybody]))
    rows.append(Row("all, worst", [min(each) for each in everybody]))
    note = f"{len(everybody[0])} clips, {choice.clips} in a row of a song; singers never trained on."
    if scene is not Scene.WIRE:
        note += f" The backing {1000 * DELAY_S:.0f} ms late, its clock {DRIFT_PPM:g} ppm off; rooms never trained on."
    title = f"MIR-1K, {scene}, voice {level_db:g} dB to its backing: SI-SDR of the voice in dB"
    return Table(title, "singer", [Column(head.value) for head in heads], rows, note)


# --- a whole song ---------------------------------------------------------------------------------------------


def song(
    corpus: Corpus, contenders: Contenders, *, part_s: tuple[float, float] | None, progress: Progress = no_progress
) -> Table:
    """Pornophonique's mix, whose truth is what its instrumental, equalised, leaves; of `part_s`, or all of it."""
    whole = corpus.song()
    offset = offset_of(whole)
    recording = recorded(whole, offset, part_s)
    rows = []
    for at, (contender, hear) in enumerate(contenders.items()):
        progress("song", at / len(contenders))
        voice = hear(recording, no_progress)
        rows.append(Row(contender.value, [si_sdr(voice, recording.voice), sdr(voice, recording.voice)]))
    progress("song", 1.0)
    above_db = sdr(recording.voice, recording.voice - recording.mix)
    note = (
        f"{len(recording.mix) / RATE_HZ:.0f} s in stereo; the instrumental begins {offset} samples into the mix;"
        f" the voice lies {above_db:+.1f} dB to it."
    )
    return Table("Pornophonique, Space Invaders", "", [Column("SI-SDR, dB"), Column("SDR, dB")], rows, note)


def offset_of(song: Song) -> int:
    """After how many samples of the mix its instrumental begins."""
    mix, instrumental = (sound.mean(axis=1) for sound in (song.mix, song.instrumental))
    size = next_fast_len(len(mix) + len(instrumental), real=True)
    likeness = irfft(rfft(mix, size) * np.conj(rfft(instrumental, size)), size)
    reach = min(round(_FARTHEST_S * RATE_HZ), size // 2 - 1)
    return int(np.argmax(np.roll(likeness, reach)[: 2 * reach + 1])) - reach


def recorded(song: Song, offset: int, part_s: tuple[float, float] | None) -> Recording:
    """The voice is what of the mix its instrumental does not explain, which was mastered by itself."""
    played = _moved(song.instrumental, offset, len(song.mix))
    first, last = (round(at_s * RATE_HZ) for at_s in part_s) if part_s else (0, len(song.mix))
    if not song.mix[first:last].any() or not played[first:last].any():
        raise BadInput("The song or its instrumental is silent where the bench listens.")
    voices = [song.mix[:, channel] - _mastered(played[:, channel], song.mix[:, channel]) for channel in (0, 1)]
    voice = np.stack(voices, axis=1)[first:last]
    return Recording(song.mix[first:last], voice, song.instrumental)


def _mastered(played: Signal, mix: Signal) -> Signal:
    """`played` through the one short response, the same all along, that brings it nearest to `mix`."""
    _, crossed = csd(played, mix, nperseg=_RESPONSE)
    _, power = welch(played, nperseg=_RESPONSE)
    response = np.fft.irfft(crossed / (power + 1e-6 * power.max()))
    centred = np.roll(response, _RESPONSE // 2) * np.hanning(_RESPONSE + 1)[:_RESPONSE]
    late = fftconvolve(played, centred)
    return np.asarray(late[_RESPONSE // 2 :][: len(mix)], np.float32)


def _moved(sound: Stereo, offset: int, frames: int) -> Stereo:
    late = sound[max(0, -offset) :]
    late = np.pad(late, ((max(0, offset), 0), (0, 0)))[:frames]
    return np.pad(late, ((0, frames - len(late)), (0, 0)))
