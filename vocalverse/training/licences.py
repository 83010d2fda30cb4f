"""Under which licences recordings may be learnt from, and for what."""

import re

from vocalverse.errors import TooFew
from vocalverse.models.catalogue import Commercial
from vocalverse.training.manifest import Manifest

ANY, FREE = "any", "free"

# What was learnt under these may be used by anybody, for anything.
FREE_LICENCES = frozenset({"CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "MIT", "Apache-2.0", "BSD-3-Clause", "public-domain"})
_RESTRICTING = frozenset({"nc", "noncommercial", "research", "evaluation", "academic"})  # words in a licence's name


def commercial(licence: str) -> Commercial:
    """Whether a business may use what was learnt under it."""
    plain = _plain(licence)
    if plain in _FREE_PLAIN:
        return Commercial.YES
    words = set(plain.replace("non-commercial", "nc").split("-"))
    return Commercial.NO if words & _RESTRICTING else Commercial.UNKNOWN


def under(manifest: Manifest, licences: str) -> Manifest:
    """Clips under the licences asked for: `any`, `free`, or a list with commas between."""
    if licences == ANY:
        return manifest
    asked = _FREE_PLAIN if licences == FREE else frozenset(map(_plain, licences.split(",")))
    kept = [clip for clip in manifest.clips if _plain(clip.licence) in asked]
    if not kept:
        there = ", ".join(sorted({clip.licence for clip in manifest.clips}))
        raise TooFew(f"No clip is under the licences asked for ({licences}); there are {there}.")
    return manifest.only(kept)


def _plain(licence: str) -> str:
    """CC BY 4.0 and cc-by-4.0 are one."""
    return re.sub(r"[\s_-]+", "-", licence.strip()).casefold()


_FREE_PLAIN = frozenset(map(_plain, FREE_LICENCES))
