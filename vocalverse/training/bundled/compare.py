"""Whether a release that was made anew is the one that came with the package, and if not, in what."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vocalverse.release.sums import Sums, digest_of, read_sums
from vocalverse.release.verify import Sealed
from vocalverse.separate.weights import stored_tensors

_WEIGHTS = ".safetensors"


@dataclass(frozen=True)
class Difference:
    path: str  # of a file in the release
    largest: float | None = None  # between two weights; None: it is no file of weights, or not of the same ones


@dataclass(frozen=True)
class Compared:
    name: str
    digest: str
    bundled: str | None  # the digest of the one that came with the package; None: none did
    differences: tuple[Difference, ...] = ()


def compare(made: Sealed, bundled: Path) -> Compared:
    folder = bundled / made.spec.name
    if not folder.is_dir():
        return Compared(made.spec.name, made.digest, None)
    sums = read_sums(folder)
    return Compared(made.spec.name, made.digest, digest_of(sums), tuple(_differences(made, folder, sums)))


def _differences(made: Sealed, folder: Path, sums: Sums) -> Iterator[Difference]:
    for path in sorted({**made.sums, **sums}):
        if made.sums.get(path) != sums.get(path):
            both = path in made.sums and path in sums and path.endswith(_WEIGHTS)
            yield Difference(path, _largest(made.folder / path, folder / path) if both else None)


def _largest(one: Path, other: Path) -> float | None:
    mine, theirs = stored_tensors(one), stored_tensors(other)
    if {name: of.shape for name, of in mine.items()} != {name: of.shape for name, of in theirs.items()}:
        return None
    return max(float((mine[name] - theirs[name]).abs().max()) for name in mine)
