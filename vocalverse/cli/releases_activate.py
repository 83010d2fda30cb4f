"""`vocalverse releases activate`: what judges from here on."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.bars import bars
from vocalverse.cli.database import operating
from vocalverse.cli.licences import agreed_to, licences_option
from vocalverse.cli.output import json_option, show_done
from vocalverse.records import NONE
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from vocalverse.release.shelf import ReleaseShelf
    from vocalverse.store.releases import Known, Registered


@click.command()
@click.argument("name")
@licences_option
@json_option
def activate(name: str, accepted: tuple[str, ...], as_json: bool) -> None:
    """Let the release NAME judge all recordings that come from here on; "none" measures and gives no score.

    It is verified bit by bit first. What waits already keeps the release that it was given, and so does what is being
    judged. Workers follow by themselves: each has to have the release, of the package or installed.

    \b
    vocalverse releases activate lite
    vocalverse releases activate lite-research --accept-licence
    vocalverse releases install ./gold-2 && vocalverse releases activate gold-2
    """
    from vocalverse.release.licence import mark
    from vocalverse.store.releases import activate as begin
    from vocalverse.store.releases import list_registered

    settings = Settings.read()
    spec = _shelf(settings).read(name) if name != NONE else None
    agreed = agreed_to(spec, accepted) if spec else ()
    release = verified(settings, name, accepted=agreed)
    with operating(settings) as connection:
        notes = [f"licence_accepted:{licence}" for licence in dict.fromkeys(agreed)]
        changed = begin(connection, release, actor="cli", notes=notes)
        known = list_registered(connection, worker_silent_s=settings.worker_silent_s)
    now = next(one for one in known if one.name == name)
    said = "judges what comes from here on" if changed else "was active already"
    told = [f"{name} {said}.", _held(now), mark(spec) if spec else ""]
    show_done(" ".join(filter(None, told)), {**asdict(now), "changed": changed}, as_json=as_json)


def verified(settings: Settings, name: str, *, accepted: Sequence[str] = ()) -> "Known":
    """The release as it lies here, bit by bit as it was sealed, and its licences accepted."""
    from vocalverse.store.releases import Known

    if name == NONE:
        return Known(NONE, None)
    shelf = _shelf(settings)
    with bars({"verify": "verifying"}) as progress:
        sealed = shelf.verify(name, progress=progress)
    shelf.accept(sealed, accepted)
    return Known.of(sealed)


def _shelf(settings: Settings) -> "ReleaseShelf":
    from vocalverse.release.shelf import ReleaseShelf

    return ReleaseShelf(Path(settings.releases))


def _held(release: "Registered") -> str:
    """Which of the workers can judge by it."""
    kind = f"{release.worker_class} {'workers' if release.workers > 1 else 'worker'}"
    if not release.workers:
        return f"No {kind} is at work: recordings wait for one."
    if not release.holders:
        return f"Of {release.workers} {kind} none has a sound copy: recordings wait until one does (vocalverse doctor)."
    return f"{release.holders} of {release.workers} {kind} can judge by it."
