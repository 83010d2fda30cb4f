"""A release at work on the clips of a manifest, as `vocalverse evaluate` holds it against raters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.measure_views import bar
from vocalverse.cli.output import failed_line
from vocalverse.errors import ManifestBroken

if TYPE_CHECKING:
    from vocalverse.evaluation.court import Court
    from vocalverse.evaluation.judgements import Told
    from vocalverse.release.judge import Judge
    from vocalverse.separate.ear import Ear
    from vocalverse.training.manifest import Clip


@dataclass(frozen=True)
class Sitting:
    release: str  # its name, or its folder
    alone: bool  # clips are voices alone
    cache: Path | None
    device: str


def judged(clips: "Sequence[Clip]", sitting: Sitting) -> "tuple[dict[str, dict[str, Told]], dict[str, str]]":
    """By dimension and clip; and why those that could not be heard were not judged."""
    court = _open(sitting)
    said: defaultdict[str, dict[str, Told]] = defaultdict(dict)
    not_judged: dict[str, str] = {}
    with bar(len(clips)) as shown:
        for clip in clips:
            shown.begins(clip.audio)
            try:
                for dimension, told in court.judged(clip).items():
                    said[dimension][clip.id] = told
            except ManifestBroken as broken:
                not_judged[clip.id] = str(broken)
                click.echo(failed_line(clip.id, broken), err=True)
            shown.ended()
    if not said:
        raise ManifestBroken(
            f"None of {len(clips)} clips could be judged: {next(iter(not_judged.values()), 'no score')}"
        )
    return dict(said), not_judged


def _open(sitting: Sitting) -> "Court":
    from vocalverse.evaluation.court import Court
    from vocalverse.models.cache.cache import EncoderCache
    from vocalverse.release.judge import Judge
    from vocalverse.settings import Settings
    from vocalverse.training.listen import Listener
    from vocalverse.training.recipe import Hearing

    settings = Settings.read()
    models = settings.data / "models"
    judge = Judge.open(release_folder(sitting.release, Path(settings.releases)), models=models, device=sitting.device)
    ear = None if sitting.alone else _ear(judge, models, settings.data / "trials")
    listener = Listener.open(Hearing(ear=ear is not None), ear)
    return Court(judge, listener, EncoderCache(sitting.cache or Path(settings.cache)))


def release_folder(release: str, shelf: Path) -> Path:
    """On the shelf, or else wherever a path leads."""
    from vocalverse.release.shelf import ReleaseShelf

    releases = ReleaseShelf(shelf)
    return Path(release) if release not in releases.names() and Path(release).is_dir() else releases.place(release)


def _ear(judge: "Judge", models: Path, trials: Path) -> "Ear":
    from vocalverse.release.ear import ear_of
    from vocalverse.separate.ear import Ear

    return Ear.open(ear_of(judge.spec, models), trials=trials)
