"""Singers that nothing is ever learnt from, so that there is somebody to prove by: a third of them, by their names."""

import hashlib
import re

_ONE_IN = 3
# What behind a singer's name in GTSinger's files tells how the phrase is sung, or whose synthesis it stands beside.
_MANNER = re.compile(
    r"[-_](control|breathy|vibrato|mixed|falsetto|pharyngeal|glissando|ground_truth|reference|gt)\b.*", re.IGNORECASE
)


def is_held(singer: str) -> bool:
    return int(hashlib.sha1(f"held{singer}".encode(), usedforsecurity=False).hexdigest(), 16) % _ONE_IN == 0


def gtsinger_singer(stem: str) -> str:
    """As far as a file's name tells: `jp01` sings `jp01_Control` and `jp01_Breathy`."""
    parted = _MANNER.sub("", stem)
    return gtsinger_singer(parted) if parted != stem else stem
