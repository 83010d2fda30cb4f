"""Listening sessions: made, opened, closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import Row, json_option, show_done, show_rows
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from vocalverse.listening.plan import Candidate
    from vocalverse.store.listening import Session

_PORT = 8480
_FILE = click.Path(path_type=Path)
_MOST_TRIPLES, _MOST_LISTENERS = 1_000, 1_000
_Command = TypeVar("_Command", bound=Callable[..., Any])

_address = click.option(
    "--at", "address", default=f"http://127.0.0.1:{_PORT}", show_default=True, help="Where listeners find the page."
)


@dataclass(frozen=True)
class _Heard:
    """What is heard, and whose word makes the tiers."""

    data: Path | None
    predictions: Path | None
    release: str | None
    venue: str | None
    alone: bool

    @property
    def judge(self) -> str:
        return self.release or str(self.predictions)

    def pools(self, connection: "Connection", dimensions: Sequence[str]) -> "dict[str, list[Candidate]]":
        match self:
            case _Heard(data=Path() as data, predictions=Path() as predictions, release=None, venue=None):
                return _of_files(data, predictions, dimensions)
            case _Heard(data=Path() as data, predictions=None, release=str(release), venue=None):
                return _of_clips(data, release, dimensions, alone=self.alone)
            case _Heard(data=None, predictions=None, release=str(release)):
                return {one: _of_recordings(connection, release, one, self.venue) for one in dimensions}
        raise BadInput(
            "Say what is to be heard: --data MANIFEST with --predictions FILE or --release NAME; or --release NAME alone,"
            " for recordings that it has scored, and where they are not of all venues, --venue SLUG."
        )


def _heard_options(command: _Command) -> _Command:
    for option in (
        click.option("--venue", metavar="SLUG", help="Without --data: this venue's recordings alone."),
        click.option(
            "--voice", "alone", is_flag=True, help="Clips are voices alone: --release need not separate them."
        ),
        click.option(
            "--release", metavar="NAME", help="The judge: of the clips, or of recordings that it scored here."
        ),
        click.option(
            "--predictions", type=_FILE, metavar="FILE", help="What the judge said of clips: CSV, JSON Lines."
        ),
        click.option("--data", type=_FILE, metavar="MANIFEST", help="The clips that listeners hear."),
    ):
        command = option(command)
    return command


def _plan_options(command: _Command) -> _Command:
    for option in (
        click.option("--seed", type=int, default=0, show_default=True),
        click.option(
            "--attention",
            type=click.IntRange(0, 50),
            default=3,
            show_default=True,
            help="Attention checks of each dimension, beside its triples.",
        ),
        click.option(
            "--triples",
            type=click.IntRange(1, _MOST_TRIPLES),
            default=30,
            show_default=True,
            help="Of each dimension.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@click.option(
    "--dimension",
    "dimensions",
    multiple=True,
    required=True,
    metavar="NAME",
    help="breath, technique, timbre, emotion, or another of the release's. Several are heard one after the other.",
)
@_heard_options
@_plan_options
@click.option(
    "--listeners",
    type=click.IntRange(0, _MOST_LISTENERS),
    default=0,
    metavar="N",
    help="Make N personal links: nobody else may listen then.",
)
@_address
@json_option
def create(name: str, *, dimensions: tuple[str, ...], listeners: int, address: str, as_json: bool, **said: Any) -> None:
    """Make the session NAME: triples of takes, one of each of the judge's tiers.

    What is heard are clips of a manifest, by what a file says of them (a line each: id, and a column for each dimension)
    or by a release that judges them now; or recordings of venues that a release has scored. A recording appears only
    where its singer lets its sound be kept, shared and learnt from.

    Triples are of one song where it has takes of all three tiers. An attention check is a triple whose Low take was
    spoiled beyond doubt: howling, full of holes and noise. Who does not put it last did not listen, and is left out of
    the report.

    \b
    Example:
      vocalverse htpr create june --release first --venue east --dimension breath --dimension emotion
      vocalverse htpr create july --data takes.jsonl --predictions said.csv --dimension breath --listeners 5
    """
    from vocalverse.listening.plan import Plan, planned
    from vocalverse.store.listening import find_session, make_session
    from vocalverse.store.venues import checked_slug

    checked_slug(name)
    plan = Plan(**{part: said.pop(part) for part in ("triples", "attention", "seed")})
    heard = _Heard(**said)
    with operating() as connection:
        pools = heard.pools(connection, list(dict.fromkeys(dimensions)))
        triples = [triple for dimension, pool in pools.items() for triple in planned(pool, dimension, plan)]
        make_session(connection, triples, name=name, judge=heard.judge, seed=plan.seed, open_to_all=not listeners)
        names = [f"listener {number}" for number in range(1, listeners + 1)]
        links = _invited(connection, find_session(connection, name), names, address)
    facts = {"name": name, "judge": heard.judge, "triples": len(triples), "seed": plan.seed, "links": links}
    if links and not as_json:
        show_rows(links, columns=("listener", "link"), as_json=False, empty="")
    show_done(
        f"{name}: {len(triples)} triples to put in order. Listeners come when you run: vocalverse htpr serve {name}",
        facts,
        as_json=as_json,
    )


@click.command()
@click.argument("name")
@click.argument("listeners", nargs=-1, required=True)
@_address
@json_option
def invite(name: str, listeners: tuple[str, ...], *, address: str, as_json: bool) -> None:
    """Make a link for each of LISTENERS, which are pseudonyms. Each link is shown this once."""
    from vocalverse.store.listening import find_session

    with operating() as connection:
        links = _invited(connection, find_session(connection, name), listeners, address)
    show_rows(links, columns=("listener", "link"), as_json=as_json, empty="")


@click.command()
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True)
def serve(name: str, host: str, port: int) -> None:
    """Open the page of the session NAME for listeners, until Ctrl-C.

    Each goes on where they were, after a reload or on another day. All takes are made equally loud; what is made for
    that is gone with this process. Put a proxy with TLS in front of it where it is reached from elsewhere.
    """
    from vocalverse.listening.serve import serve as run
    from vocalverse.logs import start_logging
    from vocalverse.settings import Settings
    from vocalverse.store.listening import find_session

    settings = Settings.read()
    with operating(settings) as connection:
        session = find_session(connection, name)
    who = "whoever comes" if session.open else "those who have a link"
    click.echo(f"{name} is at http://{host}:{port}/ for {who}. Ctrl-C ends it.", err=True)
    start_logging()
    run(name, settings, host=host, port=port)


@click.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """All sessions, the newest first."""
    from vocalverse.store.listening import list_sessions

    with operating() as connection:
        rows = list_sessions(connection)
    columns = ("name", "dimensions", "judge", "triples", "listeners", "answers", "created_at", "closed_at")
    show_rows(rows, columns=columns, as_json=as_json, empty="No session yet: `vocalverse htpr create --help`.")


@click.command()
@click.argument("name")
@json_option
def close(name: str, *, as_json: bool) -> None:
    """Take no more answers for the session NAME. What was answered stays."""
    from vocalverse.store.listening import close_session

    with operating() as connection:
        close_session(connection, name)
    show_done(f"{name} is closed. What came out: vocalverse htpr report {name}", {"closed": name}, as_json=as_json)


def _of_files(data: Path, predictions: Path, dimensions: Sequence[str]) -> "dict[str, list[Candidate]]":
    from vocalverse.evaluation.predictions import read as read_predictions
    from vocalverse.listening.plan import of_manifest
    from vocalverse.training.manifest_files import read

    manifest, said = read(data), read_predictions(predictions)
    return {dimension: of_manifest(manifest, said, dimension) for dimension in dimensions}


def _of_clips(data: Path, release: str, dimensions: Sequence[str], *, alone: bool) -> "dict[str, list[Candidate]]":
    from vocalverse.cli.evaluate_judge import Sitting, judged
    from vocalverse.listening.plan import of_manifest
    from vocalverse.training.manifest_files import read

    manifest = read(data)
    said, _ = judged(manifest.clips, Sitting(release, alone=alone, cache=None, device="cpu"))
    scores = {
        clip.id: {name: told[clip.id].value for name, told in said.items() if clip.id in told}
        for clip in manifest.clips
    }
    return {dimension: of_manifest(manifest, scores, dimension) for dimension in dimensions}


def _of_recordings(connection: "Connection", release: str, dimension: str, venue: str | None) -> "list[Candidate]":
    from vocalverse.listening.plan import of_recordings
    from vocalverse.store.listening import judged
    from vocalverse.store.venues import find_venue

    venue_id = find_venue(connection, venue) if venue else None
    found = judged(connection, release=release, dimension=dimension, venue_id=venue_id)
    if not found:
        raise BadInput(
            f"The release {release!r} has given no {dimension} score to a recording whose singer lets it be kept, shared"
            " and learnt from."
        )
    return of_recordings(found)


def _invited(connection: "Connection", session: "Session", names: Sequence[str], address: str) -> list[Row]:
    from vocalverse.store.listeners import add_listener

    return [
        {"listener": name, "link": f"{address.rstrip('/')}/#{add_listener(connection, session, name)}"}
        for name in names
    ]
