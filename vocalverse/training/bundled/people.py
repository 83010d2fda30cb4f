"""Real singers, for the release that may be learnt from them: what `data/README.md` says of its folders, as code.

Nobody of whom releases are proved by is among them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from vocalverse.errors import BadInput
from vocalverse.training.bundled.material import Material
from vocalverse.training.held import gtsinger_singer, is_held
from vocalverse.training.manifest import Clip, Pair

LICENCES = {
    "mir1k": "MIR-1K, research only",
    "ssvd": "SSVD, none stated",
    "ravdess_song": "CC BY-NC-SA 4.0",
    "gtsinger": "CC BY-NC-SA 4.0",
}

_TAKE_S, _SONG_S = 9.0, 20.0
_LEAST = 2 / 3  # of that is enough
_DAMAGED = {"mir1k": 10, "ssvd": 10, "gtsinger": 6}  # takes, of as many singers as there are
_RIVALS = 3  # amateurs that each professional is held against
_FELT = ("03", "04", "05", "06")  # RAVDESS's emotions that have a strong form
_ONCE = "01"  # the first repetition
_SKILLS = ("Vibrato", "Glissando", "Mixed", "Falsetto", "Pharyngeal")  # breath in the voice is a colour, no skill

Voice = npt.NDArray[np.float32]  # [frames, 1]


def require_people(data: Path) -> None:
    """Said before the first hour of work."""
    for kind in LICENCES:
        _paths(data, kind)


def people(data: Path, folder: Path) -> Material:
    """Takes are cut and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    amateurs, alone = _amateurs(data, folder), _alone(data, folder)
    professionals, skills = _professionals(data, folder)
    actors, stronger = _actors(data, folder)
    damaged = (*_each_in_turn(amateurs, "mir1k"), *_each_in_turn(alone, "ssvd"))
    damaged = (*damaged, *_each_in_turn(professionals, "gtsinger"))
    others = tuple(clip for clip in (*amateurs, *professionals, *actors) if clip not in damaged)
    return Material(damaged, others, (*skills, *stronger, *_rivals(professionals, amateurs)))


def amateurs(data: Path, folder: Path) -> Sequence[Clip]:
    """So much of each song that one of them sings."""
    folder.mkdir(parents=True, exist_ok=True)
    return _amateurs(data, folder, _SONG_S)


def _amateurs(data: Path, folder: Path, longest_s: float = _TAKE_S) -> Sequence[Clip]:
    """Of MIR-1K: clips of a song in a row, the voice's channel."""
    clips = []
    for name, group in groupby(_paths(data, "mir1k"), key=lambda path: path.stem.rsplit("_", 1)[0]):
        singer = name.split("_")[0]
        if is_held(singer):
            continue
        voices = (_read(path)[:, 1:] for path in group)
        clips.append(_kept(f"mir1k-{name}", _joined(voices, longest_s), folder, _clip("mir1k", singer, name)))
    return clips


def _alone(data: Path, folder: Path) -> Sequence[Clip]:
    """Of SSVD: each take by a singer of its own, as far as is known."""
    paths = [path for path in _paths(data, "ssvd") if not is_held(path.stem)]
    return [_kept(f"ssvd-{p.stem}", _joined([_read(p)]), folder, _clip("ssvd", p.stem, p.stem)) for p in paths]


def _professionals(data: Path, folder: Path) -> tuple[Sequence[Clip], Sequence[Pair]]:
    """Of GTSinger, and which of them sings the same phrase with more skill."""
    clips = {}
    for path in _paths(data, "gtsinger"):
        singer = gtsinger_singer(path.stem)
        if not is_held(singer):
            take = _clip("gtsinger", singer, singer)
            clips[path.stem] = _kept(f"gtsinger-{path.stem}", _joined([_read(path)]), folder, take)
    pairs = []
    for stem, clip in clips.items():
        skill = next((skill for skill in _SKILLS if stem.endswith(skill)), None)
        plain = clips.get(f"{stem.removesuffix(skill)}Control") if skill else None
        if plain:
            pairs.append(Pair(clip.id, plain.id, "technique"))
    return list(clips.values()), pairs


def _actors(data: Path, folder: Path) -> tuple[Sequence[Clip], Sequence[Pair]]:
    """Of RAVDESS: the same sentence with strong emotion, and with less of it."""
    clips: list[Clip] = []
    pairs = []
    for path in _paths(data, "ravdess_song"):
        _, _, emotion, intensity, statement, repetition, number = path.stem.split("-")
        singer = f"actor{number}"
        if emotion not in _FELT or repetition != _ONCE or is_held(singer):
            continue
        song = f"ravdess-{emotion}-{statement}-{singer}"
        take = _clip("ravdess_song", singer, song)
        clips.append(_kept(f"{song}-{intensity}", _joined([_read(path)]), folder, take))
        if intensity == "02":
            pairs.append(Pair(f"{song}-02", f"{song}-01", "emotion"))
    return clips, pairs


def _rivals(professionals: Sequence[Clip], amateurs: Sequence[Clip]) -> Iterator[Pair]:
    random = np.random.default_rng(5)
    for clip in professionals:
        for at in random.choice(len(amateurs), _RIVALS, replace=False):
            for dimension in ("technique", "timbre"):
                yield Pair(clip.id, amateurs[at].id, dimension)


def _each_in_turn(clips: Iterable[Clip], kind: str) -> list[Clip]:
    """One of each singer, then a second of each, until there are enough."""
    by_singer = defaultdict(list)
    for clip in clips:
        by_singer[clip.singer].append(clip)
    turns = [(number, clip) for own in by_singer.values() for number, clip in enumerate(own)]
    return [clip for _, clip in sorted(turns, key=lambda turn: turn[0])][: _DAMAGED[kind]]


def _clip(kind: str, singer: str, song: str) -> Callable[[str, Path], Clip]:
    return lambda name, audio: Clip(name, audio, singer=singer, song=song, licence=LICENCES[kind])


def _kept(name: str, voice: Voice, folder: Path, clip: Callable[[str, Path], Clip]) -> Clip:
    audio = folder / f"{name}.flac"
    soundfile.write(audio, voice, _RATE_HZ, format="FLAC", subtype="PCM_16")
    return clip(name, audio)


def _joined(voices: Iterable[Voice], longest_s: float = _TAKE_S) -> Voice:
    """As much of them in a row as a take is long."""
    parts: list[Voice] = []
    for voice in voices:
        parts.append(voice)
        if sum(map(len, parts)) >= _LEAST * longest_s * _RATE_HZ:
            break
    return np.concatenate(parts)[: round(longest_s * _RATE_HZ)]


_RATE_HZ = 16_000  # of all the folders


def _read(path: Path) -> Voice:
    sound: Voice
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if rate_hz != _RATE_HZ:
        raise BadInput(f"{path} has {rate_hz} Hz, and not {_RATE_HZ}: it is not of the folder that is meant here.")
    return sound


def _paths(data: Path, kind: str) -> list[Path]:
    paths = sorted((data / kind).glob("*.opus"))
    if not paths:
        raise BadInput(f"{data / kind} holds no .opus files: --data is the folder in which {', '.join(LICENCES)} lie.")
    return paths
