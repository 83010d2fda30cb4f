"""What a checkpoint is of, told from its yaml: a RoFormer of our own, or a VR or MDXC network of audio-separator's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vocalverse.errors import ModelRefused, NotFound
from vocalverse.models.convert import Converted, convert, naming, read_text
from vocalverse.models.digest import Pin
from vocalverse.models.peers import convert_peer, settings_for
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends.peer import Kind, kind_of, require_known, stems_of
from vocalverse.separate.networks import yamls
from vocalverse.separate.networks.configs import read_yaml
from vocalverse.separate.purpose import Purpose, part_of, purpose_of

_BESIDE = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Source:
    """A checkpoint and what its network is rebuilt from."""

    checkpoint: Path
    yaml: Path
    kind: Kind | None  # None: we have its network ourselves
    settings: Mapping[Any, Any]
    stems: tuple[str, ...]  # in our words

    @property
    def purpose(self) -> Purpose:
        """As its stems say."""
        try:
            return purpose_of(self.stems)
        except ModelRefused as error:
            raise ModelRefused(f"{self.yaml}: {error}") from error

    def require(self, purpose: Purpose) -> None:
        try:
            part_of(self.stems, purpose)
        except ModelRefused as error:
            raise ModelRefused(f"{self.checkpoint.name} is not what it is said to be. {error}") from error


def recognise(checkpoint: Path, yaml: Path | None = None) -> Source:
    """`yaml` may lie beside the checkpoint under its name; it may be json, too."""
    if by_name := kind_of(checkpoint.name, {}):
        require_known(by_name, checkpoint.name)
    yaml = yaml or _beside(checkpoint)
    text = read_text(yaml)
    with naming(yaml):
        settings = settings_for(checkpoint, yamls.parse(text))
        kind = kind_of(checkpoint.name, settings)
        stems = stems_of(kind, settings) if kind else read_yaml(text).stems
    return Source(checkpoint, yaml, kind, settings, stems)


def take_in(source: Source, into: Path, *, pin: Pin, licence: str, progress: Progress = no_progress) -> Converted:
    """Reads the checkpoint only after its hash matched `pin`. `into` is written whole or not at all."""
    if source.kind is None:
        return convert(source.checkpoint, source.yaml, into, pin=pin, licence=licence, progress=progress)
    return convert_peer(
        source.kind, source.settings, source.checkpoint, into, pin=pin, licence=licence, progress=progress
    )


def _beside(checkpoint: Path) -> Path:
    for ending in _BESIDE:
        path = checkpoint.with_suffix(ending)
        if path.is_file():
            return path
    raise NotFound(
        f"No {checkpoint.with_suffix('.yaml').name} lies beside {checkpoint}: give the yaml (or json) that its author"
        " publishes with it as --yaml. It says what network the weights are of."
    )
