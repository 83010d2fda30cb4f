"""How well the ear hears, in tables: voices by singer and scene, a whole song, rooms, backends, memory over length."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.bench.hearing import rooms
from vocalverse.bench.hearing.data import RATE_HZ, ROOMS, Corpus, Stereo
from vocalverse.bench.hearing.ears import Contender, Ears, options
from vocalverse.bench.hearing.singers import Choice, singers, song
from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.errors import BackendFailed, Unavailable
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends import open_backend
from vocalverse.separate.precision import Precision
from vocalverse.separate.quality import sdr
from vocalverse.separate.stitch import separate_to_arrays
from vocalverse.separate.weights import load

_BACKENDS = (
    ("openvino", Precision.FP32),
    ("torch", Precision.BF16),
    ("openvino", Precision.BF16),
    ("cuda", Precision.FP16),
    ("cuda", Precision.BF16),
)
_LONGEST_VOICE_S = 25.0


@dataclass(frozen=True)
class Extent:
    """How much is heard."""

    choice: Choice
    song_s: tuple[float, float] | None  # None: all of it
    voices: int
    rooms: Sequence[str]  # none named: all
    stems_s: float  # that backends are compared on
    lengths_s: Sequence[int]  # of the recordings whose memory is taken


FULL = Extent(Choice(songs=3, clips=4), song_s=None, voices=6, rooms=(), stems_s=30.0, lengths_s=(30, 240, 900))
QUICK = Extent(Choice(songs=1, clips=3), song_s=(60.0, 90.0), voices=2, rooms=ROOMS, stems_s=10.0, lengths_s=(30,))


def measure(
    corpus: Corpus, trials: Path, extent: Extent, *, research: bool, progress: Progress = no_progress
) -> Iterator[Table]:
    """Each table as soon as it is known. `trials` remembers which backend is the fastest.

    `research`: the ear that is for research only is heard too.
    """
    contenders = Ears.open(trials, research=research).contenders()
    hearers = [contender for contender in contenders if contender is not Contender.MIX]
    yield from singers(corpus, contenders, extent.choice, progress=progress)
    yield song(corpus, contenders, part_s=extent.song_s, progress=progress)
    del contenders
    voices = corpus.voices(extent.voices, longest_s=_LONGEST_VOICE_S)
    yield rooms.wet(voices, corpus.rooms(extent.rooms), progress=progress)
    yield rooms.dry(voices, progress=progress)
    excerpt = corpus.song().mix[60 * RATE_HZ :][: round(extent.stems_s * RATE_HZ)]
    yield backends(excerpt, [one for one in hearers if one is not Contender.KNOWN], progress=progress)
    yield memory(hearers, extent.lengths_s, trials, progress=progress)


def backends(mix: Stereo, contenders: Sequence[Contender], *, progress: Progress = no_progress) -> Table:
    """How far each is from torch in single precision, at the stems of a song."""
    rows, left_out = [], set()
    for at, contender in enumerate(contenders):
        network = load(options(contender).separator)
        truth = separate_to_arrays(mix, open_backend(network, "torch", Precision.FP32))
        for number, (name, precision) in enumerate(_BACKENDS):
            progress("backends", (at + number / len(_BACKENDS)) / len(contenders))
            try:
                stems = separate_to_arrays(mix, open_backend(network, name, precision))
            except (Unavailable, BackendFailed) as trouble:
                left_out.add(f"{name} {precision} ({trouble.code})")
                continue
            row = [sdr(stems[stem], truth[stem]) for stem in truth]
            rows.append(Row(f"{contender.value}: {name} {precision}", row))
    progress("backends", 1.0)
    note = f"{len(mix) / RATE_HZ:.0f} s of a song in stereo."
    if left_out:
        note += f" Not to be had here: {', '.join(sorted(left_out))}."
    columns = [Column(f"{stem}, dB") for stem in network.info.stems]
    return Table("Backends against torch in single precision, at the stems", "backend", columns, rows, note)


def memory(
    contenders: Sequence[Contender], lengths_s: Sequence[int], trials: Path, *, progress: Progress = no_progress
) -> Table:
    """Of separating alone, each in a process of its own."""
    rows = []
    runs = [(contender, length_s) for contender in contenders for length_s in lengths_s]
    for at, (contender, length_s) in enumerate(runs):
        progress("memory", at / len(runs))
        found = _child(contender, length_s, trials)
        sound_mb = length_s * RATE_HZ * 2 * 4 / 1e6
        cells = [found["took_s"], sound_mb, found["peak_mb"], found["peak_mb"] - found["loaded_mb"]]
        rows.append(Row(f"{contender.value}, {length_s} s", cells))
    progress("memory", 1.0)
    columns = [
        Column("separated in, s"),
        Column("the sound, MB", 0),
        Column("peak of the process, MB", 0),
        Column("beyond what was loaded, MB", 0),
    ]
    return Table("Memory over length", "ear and recording", columns, rows, "Stereo at 44.1 kHz.")


def _child(contender: Contender, length_s: int, trials: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "vocalverse.bench.hearing.child", contender.value, str(length_s), str(trials)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"The bench's own process failed: {done.stderr.strip()[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
