"""Tiny releases that are sealed and serve like any other, with random weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.tiny_encoders import TEXT, WHISPER, make_tiny, make_tiny_text
from vocalverse.models.catalogue import Commercial
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.open import revision_of
from vocalverse.models.encoders.text import open_text_encoder
from vocalverse.models.heads.build import Head, build
from vocalverse.models.heads.config import EncoderInput, HeadConfig, HeadKind, Pooling, TextInput
from vocalverse.models.heads.file import save
from vocalverse.records import TextKind
from vocalverse.release.seal import seal
from vocalverse.release.spec import (
    Calibration,
    DimensionSpec,
    EncoderSpec,
    EvidenceSpec,
    OverallSpec,
    Part,
    ReleaseSpec,
    TextEncoderSpec,
    Weighed,
)
from vocalverse.release.verify import Sealed, verify

DIMENSIONS = ("breath", "technique", "timbre", "emotion")
MEASURES = ("vibrato_rate_hz", "breaths_per_minute", "hnr_db")

_ENCODER = "whisper"
_LAST = WHISPER.layers


def make_tiny_release(
    folder: Path,
    *,
    name: str = "tiny",
    seed: int = 0,
    dimensions: Sequence[str] = DIMENSIONS,
    commercial: Commercial = Commercial.YES,
) -> Sealed:
    """`folder` holds releases; this one lies in it under its name."""
    spec = tiny_spec(name, dimensions, commercial)
    with TemporaryDirectory() as made:
        files = tiny_files(Path(made), spec, seed=seed)
        revision = revision_of(Family.WHISPER, files["encoder"])
        encoders = tuple(replace(encoder, revision=revision) for encoder in spec.encoders)
        return seal(replace(spec, encoders=encoders), files, folder / name)


def make_reasoned_release(folder: Path, *, name: str = "reasoned", commercial: Commercial = Commercial.YES) -> Sealed:
    """Of evidence alone: nothing is heard by networks."""
    ends = EvidenceSpec("phrase_ends_held", weight=1.0, at=(-12.0, -1.0), to=(1.0, 5.0), enough=2.0)
    tuned = EvidenceSpec("notes_off", weight=2.0, at=(10.0, 60.0), to=(5.0, 1.0), enough=5.0)
    spec = ReleaseSpec(
        name=name,
        title=f"The {name} one",
        dimensions=tuple(DimensionSpec(key, key.capitalize(), evidence=(ends, tuned)) for key in DIMENSIONS),
        overall=OverallSpec(weights=dict.fromkeys(DIMENSIONS, 1 / len(DIMENSIONS)), evidence=(tuned,)),
        parts=(Part("curves", "Apache-2.0", commercial, "drawn in a test"),),
        made_by="tests",
    )
    return seal(spec, {}, folder / name)


def reseal(folder: Path, into: Path, *, files: Mapping[str, Path] | None = None, **said: Any) -> Sealed:
    """A sealed release once more, with further files, and with other words in its spec."""
    before = verify(folder)
    held = {path: folder / path for path in before.sums if path not in ("release.toml", "CARD.md")}
    spec = replace(before.spec, **said)
    return seal(spec, {**held, **(files or {})}, into / spec.name)


def held_against_lyrics(folder: Path, into: Path, *keys: str, name: str = "tiny") -> Sealed:
    """A sealed release once more, these dimensions judged by what is sung and what should be."""
    held = {key: f"{key}.safetensors" for key in keys}
    dimensions = tuple(
        replace(one, heads=(held[one.key],), text=TextKind.LYRICS, text_encoder="reader") if one.key in held else one
        for one in verify(folder).spec.dimensions
    )
    with TemporaryDirectory() as made:
        files = {"reader": make_tiny_text(Path(made) / "reader")}
        for key, path in held.items():
            files[path] = Path(made) / path
            save(_reading_head(key), files[path])
        reader = TextEncoderSpec("reader", open_text_encoder(files["reader"]).revision, folder="reader")
        return reseal(folder, into, files=files, name=name, dimensions=dimensions, text_encoders=(reader,))


def _reading_head(key: str) -> Head:
    config = HeadConfig(
        kind=HeadKind.MLP,
        dimensions=(key,),
        encoders=(EncoderInput(_ENCODER, WHISPER.width),),
        text=TextInput(TEXT["hidden_size"]),
    )
    return build(config, seed=3)


def tiny_spec(
    name: str = "tiny", dimensions: Sequence[str] = DIMENSIONS, commercial: Commercial = Commercial.YES
) -> ReleaseSpec:
    """Its encoder's revision is not known before its weights are drawn."""
    return ReleaseSpec(
        name=name,
        title=f"The {name} one",
        dimensions=tuple(_dimension(key) for key in dimensions),
        encoders=(EncoderSpec(_ENCODER, Family.WHISPER, revision="0" * 64, folder="encoder", layer=_LAST),),
        overall=OverallSpec(
            weights={key: 1 / len(dimensions) for key in dimensions},
            measures={"hnr_db": Weighed(weight=0.1, mean=15.0, scale=5.0)},
        ),
        parts=(Part("random weights", "MIT", commercial, "drawn in a test"),),
        measured_on="nothing: its weights are random",
        made_by="tests",
    )


def tiny_files(folder: Path, spec: ReleaseSpec, *, seed: int = 0) -> dict[str, Path]:
    """What its spec names, by its paths in the release."""
    files = {"encoder": make_tiny(Family.WHISPER, folder / "encoder", seed=seed)}
    for number, path in enumerate(path for dimension in spec.dimensions for path in dimension.heads):
        files[path] = folder / path
        files[path].parent.mkdir(parents=True, exist_ok=True)
        save(_head(path, seed=100 * seed + number), files[path])
    return files


def _dimension(key: str) -> DimensionSpec:
    return DimensionSpec(
        key,
        title=key.capitalize(),
        heads=tuple(f"heads/{key}-{member}.safetensors" for member in range(2)),
        encoders=(_ENCODER,),
        calibration=Calibration(at=(1.0, 3.0, 5.0), to=(1.0, 2.5, 5.0), reach=1.5),
    )


def _head(path: str, *, seed: int) -> Head:
    """An ensemble's members differ; its measures are standardised."""
    kind = HeadKind.MLP if path.endswith("-0.safetensors") else HeadKind.LINEAR
    config = HeadConfig(
        kind=kind,
        dimensions=(Path(path).stem.rpartition("-")[0],),
        encoders=(EncoderInput(_ENCODER, WHISPER.width),),
        measures=MEASURES,
        pooling=Pooling.STATISTICS,
    )
    head = build(config, seed=seed)
    head.fit_measures(np.random.default_rng(seed).normal((5.5, 12.0, 15.0), (0.5, 4.0, 5.0), size=(50, 3)))
    return head
