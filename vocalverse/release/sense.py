"""What a release may say: names that exist, scales and pieces that rise, paths that stay within it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from vocalverse.evidence.find import KINDS
from vocalverse.records import NONE, OVERALL
from vocalverse.release.figures import columns
from vocalverse.release.spec import (
    HEARD,
    Calibration,
    DimensionSpec,
    EarSpec,
    EncoderSpec,
    EvidenceSpec,
    OverallSpec,
    ReleaseSpec,
    TextEncoderSpec,
)
from vocalverse.release.sums import is_plain
from vocalverse.toml import WrongError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def require_sense(spec: ReleaseSpec) -> None:
    """Raises WrongError for the first thing that cannot be."""
    for wrong in _wrong(spec):
        raise WrongError(wrong)


def is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name != NONE


def named_files(spec: ReleaseSpec) -> tuple[str, ...]:
    """Files that must lie in the release; of an encoder's folder something at least."""
    heads = [head for dimension in spec.dimensions for head in dimension.heads]
    return tuple(dict.fromkeys([*heads, *([spec.rules] if spec.rules else [])]))


def named_folders(spec: ReleaseSpec) -> tuple[str, ...]:
    return tuple(dict.fromkeys(encoder.folder for encoder in spec.weights if encoder.folder))


def _wrong(spec: ReleaseSpec) -> Iterator[str]:
    if not is_name(spec.name):
        yield f"name: {spec.name!r} is no name for a release: small letters, digits, dots and hyphens, and not `none`."
    if not spec.dimensions:
        yield "dimensions: there is none, so nothing would be judged."
    yield from _twice((dimension.key for dimension in spec.dimensions), "dimensions")
    yield from _twice((encoder.name for encoder in spec.weights), "encoders")
    for encoder in spec.weights:
        yield from _encoder(encoder, f"encoder {encoder.name}")
    for dimension in spec.dimensions:
        yield from _dimension(dimension, spec, f"dimension {dimension.key}")
    yield from _ear(spec.ear)
    if spec.overall:
        yield from _overall(spec.overall, {dimension.key for dimension in spec.dimensions})
    for path in (*named_files(spec), *named_folders(spec)):
        if not is_plain(path):
            yield f"{path!r} is no path within the release."


def _twice(names: Iterable[str], where: str) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{where}: {name} stands there {count} times."


def _encoder(encoder: EncoderSpec | TextEncoderSpec, where: str) -> Iterator[str]:
    if bool(encoder.folder) == bool(encoder.model):
        yield f"{where} needs either a folder in the release or a model on the shelf."
    if not _SHA256.fullmatch(encoder.revision):
        yield f"{where}, revision: {encoder.revision!r} is no sha256."


def _ear(ear: EarSpec) -> Iterator[str]:
    for name in ("separator_sha256", "dereverberator_sha256"):
        said = getattr(ear, name)
        if said is not None and not _SHA256.fullmatch(said):
            yield f"ear, {name}: {said!r} is no sha256."
    if ear.overlap < 1:
        yield f"ear, overlap: {ear.overlap} is not above 0."


def _dimension(dimension: DimensionSpec, spec: ReleaseSpec, where: str) -> Iterator[str]:
    if not _KEY.fullmatch(dimension.key) or dimension.key == OVERALL:
        yield f"{where}: its key has to be of small letters, digits and underscores, and not `{OVERALL}`."
    if not dimension.heads and not dimension.evidence:
        yield f"{where} has neither a head nor evidence."
    yield from _evidence(dimension.evidence, where)
    if dimension.evidence and bool(dimension.heads) != any(one.name == HEARD for one in dimension.evidence):
        yield f"{where}: beside evidence, what its heads say is evidence too, by the name of `{HEARD}`, and only then."
    yield from _unknown(dimension.encoders, {encoder.name for encoder in spec.encoders}, f"{where}, encoders")
    if (dimension.text is None) != (dimension.text_encoder is None):
        yield f"{where} needs both a text and a text_encoder, or neither."
    if dimension.text_encoder:
        readers = {encoder.name for encoder in spec.text_encoders}
        yield from _unknown([dimension.text_encoder], readers, f"{where}, text_encoder")
    yield from _scale(dimension, where)
    yield from _calibration(dimension.calibration, f"{where}, calibration")


def _overall(overall: OverallSpec, keys: set[str]) -> Iterator[str]:
    yield from _unknown(overall.weights, keys, "overall, weights")
    yield from _unknown(overall.measures, set(columns()), "overall, measures")
    for name, weighed in overall.measures.items():
        if weighed.scale <= 0:
            yield f"overall, measures.{name}, scale: {weighed.scale!r} is not above 0."
    yield from _evidence(overall.evidence, "overall")
    yield from _scale(overall, "overall")
    yield from _calibration(overall.calibration, "overall, calibration")


def _evidence(said: tuple[EvidenceSpec, ...], where: str) -> Iterator[str]:
    yield from _twice((one.name for one in said), f"{where}, evidence")
    yield from _unknown([one.name for one in said], {HEARD, *(kind.name for kind in KINDS)}, f"{where}, evidence")
    for one in said:
        if one.weight <= 0 or one.enough < 0:
            yield f"{where}, evidence {one.name}: its weight is not above 0, or enough is below it."
        if not one.at or len(one.at) != len(one.to):
            yield f"{where}, evidence {one.name}: at has {len(one.at)} values, to has {len(one.to)}."
        if any(after <= before for before, after in pairwise(one.at)):
            yield f"{where}, evidence {one.name}, at: its values do not rise."


def _unknown(names: Iterable[str], known: set[str], where: str) -> Iterator[str]:
    if unknown := sorted(set(names) - known):
        few = f"; known are {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""
        yield f"{where}: there is no {', '.join(unknown)}{few}."


def _scale(said: DimensionSpec | OverallSpec, where: str) -> Iterator[str]:
    if not said.low < said.high:
        yield f"{where}: its scale from {said.low!r} to {said.high!r} does not rise."


def _calibration(said: Calibration, where: str) -> Iterator[str]:
    if len(said.at) != len(said.to):
        yield f"{where}: at has {len(said.at)} values, to has {len(said.to)}."
    if any(after <= before for before, after in pairwise(said.at)):
        yield f"{where}, at: its values do not rise."
    if any(after < before for before, after in pairwise(said.to)):
        yield f"{where}, to: its values fall, so that the better would be told as the worse."
    if said.reach < 0 or not 0 < said.coverage < 1:
        yield f"{where}: reach is not below 0, and coverage lies between 0 and 1."
