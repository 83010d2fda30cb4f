"""`vocalverse releases`: what judges; look at it, check it, put it in, and let it judge."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.bars import bars
from vocalverse.cli.lazy import LazyCommand, LazyGroup
from vocalverse.cli.licences import agreed_to, licences_option
from vocalverse.cli.output import in_bytes, json_option, show_done, show_json, show_rows
from vocalverse.errors import Unavailable, VocalVerseError

if TYPE_CHECKING:
    from vocalverse.records import Progress
    from vocalverse.release.shelf import ReleaseShelf
    from vocalverse.release.verify import Sealed
    from vocalverse.store.releases import Registered

_COLUMNS = ("name", "here", "active", "dimensions", "commercial", "made_by", "title")
_STAGES = {"verify": "verifying"}

_folder_option: Callable[[Any], Any] = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where releases are kept; `releases` in the data folder where nothing is said.",
)


@click.group(cls=LazyGroup)
def releases() -> None:
    """What judges: folders of encoders, heads and calibration that never change once they are sealed.

    A release says which dimensions it judges and by what, under which licences its parts are, and on what it was
    measured. Results name the release that they are of. "none" measures and gives no score. "lite" and "lite-research"
    come with VocalVerse.
    """


@releases.command("list", short_help="All that are here or known to the database.")
@_folder_option
@json_option
def list_(folder: Path | None, *, as_json: bool) -> None:
    """All releases that are on this machine or known to the database, and which of them is active."""
    from vocalverse.cli.releases_views import as_row

    shelf = _shelf(folder)
    known = _known()
    names = [*known, *(name for name in shelf.names() if name not in known)]
    rows = [as_row(name, shelf, known.get(name)) for name in names]
    show_rows(rows, columns=_COLUMNS, as_json=as_json, empty=f"There is no release in {shelf.folder}.")


@releases.command(short_help="What a release judges, by what, and under which licences.")
@click.argument("name", metavar="NAME|FOLDER")
@_folder_option
@json_option
def show(name: str, folder: Path | None, *, as_json: bool) -> None:
    """Show what the release NAME judges, by what, where its parts come from, and what it was measured on.

    A path to a FOLDER shows a release that is not installed.
    """
    from vocalverse.cli.releases_views import Shown, show_release
    from vocalverse.cli.releases_views import as_json as in_json
    from vocalverse.release.read import read
    from vocalverse.release.sums import digest_of, read_sums

    shelf = _shelf(folder)
    place = _place(name, shelf)
    spec, digest = read(place), digest_of(read_sums(place))
    shown = Shown(place, spec, digest, shelf.accepted(spec.name, digest))
    if as_json:
        show_json(in_json(shown))
    else:
        show_release(shown)


@releases.command(short_help="Whether releases are, bit by bit, what was sealed.")
@click.argument("name", metavar="[NAME|FOLDER]", required=False)
@click.option(
    "--open", "opening", is_flag=True, help="Also load all that it judges with, the models that it names too."
)
@_folder_option
@json_option
def verify(name: str | None, folder: Path | None, *, opening: bool, as_json: bool) -> None:
    """Read all of the release NAME, or of all that are here; exit status 1 where one is not as it was sealed."""
    shelf = _shelf(folder)
    with bars(_STAGES) as progress:
        rows = [_looked_at(one, shelf, progress, opening=opening) for one in ([name] if name else shelf.names())]
    show_rows(rows, columns=("name", "digest", "verdict"), as_json=as_json, empty=f"No release in {shelf.folder}.")
    if any("code" in row for row in rows):
        click.get_current_context().exit(1)


@releases.command(short_help="Put a release on this machine.")
@click.argument("source", metavar="FOLDER", type=click.Path(path_type=Path))
@licences_option
@_folder_option
@json_option
def install(source: Path, accepted: tuple[str, ...], folder: Path | None, *, as_json: bool) -> None:
    """Verify the release in FOLDER and copy it, whole or not at all.

    \b
    Example:
      vocalverse releases install ./gold-2
      vocalverse releases activate gold-2
    """
    from vocalverse.release.read import read

    shelf = _shelf(folder)
    agreed = agreed_to(read(source), accepted) if accepted else ()
    with bars(_STAGES) as progress:
        sealed = shelf.install(source, accepted=agreed, progress=progress)
    name = sealed.spec.name
    show_done(
        f"{name} is in {shelf.folder} ({in_bytes(sealed.bytes)}), as it was sealed. Let it judge: vocalverse releases"
        f" activate {name}",
        {"name": name, "digest": sealed.digest, "path": str(sealed.folder), "bytes": sealed.bytes},
        as_json=as_json,
    )


for _name, _where, _line in (
    ("activate", "vocalverse.cli.releases_activate:activate", "Let a release judge what comes from here on."),
    ("compare", "vocalverse.cli.releases_compare:compare", "How far the marks of two releases lie apart."),
    ("rebuild", "vocalverse.cli.releases_rebuild:rebuild", "Make those that come with VocalVerse anew, and compare."),
):
    releases.add_command(LazyCommand(_name, where=_where, line=_line))


def _shelf(folder: Path | None) -> "ReleaseShelf":
    from vocalverse.release.shelf import ReleaseShelf
    from vocalverse.settings import Settings

    return ReleaseShelf(folder or Path(Settings.read().releases))


def _place(name: str, shelf: "ReleaseShelf") -> Path:
    """On the shelf, or else wherever a path leads."""
    return Path(name) if name not in shelf.names() and Path(name).is_dir() else shelf.place(name)


def _looked_at(name: str, shelf: "ReleaseShelf", progress: "Progress", *, opening: bool) -> Mapping[str, object]:
    place = _place(name, shelf)
    try:
        sealed = _verified(place, shelf, progress)
        if opening:
            _open(sealed)
    except VocalVerseError as broken:
        return {"name": name, "verdict": str(broken), "digest": None, "code": broken.code}
    verdict = "as sealed, and opens" if opening else "as sealed"
    return {"name": sealed.spec.name, "verdict": verdict, "digest": sealed.digest}


def _open(sealed: "Sealed") -> None:
    from vocalverse.release.ear import ear_of
    from vocalverse.release.judge import Judge
    from vocalverse.settings import data_folder

    models = data_folder() / "models"
    ear_of(sealed.spec, models)
    Judge.of(sealed, models=models)


def _verified(place: Path, shelf: "ReleaseShelf", progress: "Progress") -> "Sealed":
    from vocalverse.release.verify import verify as verify_folder

    if place == shelf.where(place.name):
        return shelf.verify(place.name, progress=progress)  # there a folder is called as its release, too
    return verify_folder(place, progress=progress)


def _known() -> "Mapping[str, Registered]":
    """To the database, where there is one."""
    from vocalverse.cli.database import operating
    from vocalverse.settings import Settings
    from vocalverse.store.releases import list_registered

    settings = Settings.read()
    if not settings.database_url:
        return {}
    try:
        with operating(settings) as connection:
            found = list_registered(connection, worker_silent_s=settings.worker_silent_s)
    except Unavailable as away:
        click.echo(f"Which one is active is not known: {away}", err=True)
        return {}
    return {one.name: one for one in found}
