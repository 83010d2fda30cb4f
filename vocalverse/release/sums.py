"""Which files a release holds, and the sha256 of each: `SHA256SUMS`, as `sha256sum --check` reads it.

The release's own digest is the sha256 of that list, so it stands for every byte of it.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from vocalverse.errors import ReleaseBroken

SUMS = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_PART = r"[A-Za-z0-9_][A-Za-z0-9._+-]*"
_PATH = re.compile(rf"{_PART}(/{_PART})*")
_LARGEST = 2**24  # bytes

Sums = Mapping[str, str]  # sha256 by path


def is_plain(path: str) -> bool:
    """A path below the folder, whatever the machine: it cannot lead out of it, and nothing in it is hidden."""
    return bool(_PATH.fullmatch(path))


def as_text(sums: Sums) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))


def digest_of(sums: Sums) -> str:
    return sha256(as_text(sums).encode()).hexdigest()


def read_sums(folder: Path) -> Sums:
    """As the release was sealed. Whether the files are so is for `verify` to say."""
    path = folder / SUMS
    if path.exists() and not path.is_file():
        raise ReleaseBroken(f"{path} is no plain file: install the release again.")
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
    except OSError as error:
        raise ReleaseBroken(
            f"{path} cannot be read ({error.strerror}): what lies there is no sealed release, or no whole one."
        ) from None
    except UnicodeDecodeError:
        raise ReleaseBroken(f"{path} is no text: install the release again.") from None
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.fullmatch(line)
        if not found or not is_plain(found[2]) or found[2] in sums:
            raise ReleaseBroken(f"{path}, line {number}: {line[:80]!r} is no sha256 of a file in the release.")
        sums[found[2]] = found[1]
    if text != as_text(sums):
        raise ReleaseBroken(f"{path} is not in the order in which releases are sealed: it was written by hand.")
    return sums
