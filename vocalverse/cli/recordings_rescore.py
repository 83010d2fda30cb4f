"""`vocalverse recordings rescore`: what a release says of recordings that another one has judged."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from vocalverse.cli.bars import bars
from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_done
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from vocalverse.store.releases import Known
    from vocalverse.store.rescore import Wanted

_EVERY_S = 5.0

# Why there is no new task for some.
_LEFT_OUT = {
    "judged": "{} were judged by it before",
    "waiting": "{} wait for it already",
    "failed": "{} ended under it without a result: `vocalverse recordings requeue` puts them back",
    "without_sound": "of {} the sound was deleted, as their singers' consent says",
    "never_judged": "{} were never judged at all",
}


@click.command()
@click.argument("ids", nargs=-1, type=click.UUID, metavar="[ID]...")
@click.option("--release", "name", required=True, metavar="NAME", help="What is to judge them.")
@click.option("--venue", help="Only this venue's.")
@click.option("--song", metavar="REF", help="Only those of this song.")
@click.option("--since", type=click.DateTime(), metavar="DATE", help="Only those that came in since then.")
@click.option("--limit", type=click.IntRange(1), metavar="COUNT", help="So many at most, each venue's newest first.")
@click.option("--wait", is_flag=True, help="Stay until there was room for all of them.")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@json_option
def rescore(ids: tuple[UUID, ...], name: str, as_json: bool, limit: int | None, **said: Any) -> None:
    """Judge recordings again by another release. What was found before stays: `releases compare` shows the shifts.

    Recordings that come in meanwhile are not kept waiting by it: of what may wait, old ones take half at most. When
    there is no more room this ends, and goes on where it was when called again, or by itself with --wait.

    \b
    vocalverse recordings rescore --release gold-2 --venue blue-note --since 2026-01-01
    """
    from vocalverse.store.rescore import Standing, census

    settings = Settings.read()
    wanted = _wanted(settings, name, ids, said)
    with operating(settings) as connection:
        found = census(connection, wanted)
    most = min(found[Standing.OPEN], limit or sys.maxsize)
    made = 0 if said["dry_run"] else _hand_out(settings, wanted, most, wait=said["wait"])
    facts = {"made": made, "left": most - made} | {why: found[Standing(why)] for why in _LEFT_OUT}
    show_done(_sentence(name, facts, dry_run=said["dry_run"]), facts, as_json=as_json)


def _wanted(settings: Settings, name: str, ids: tuple[UUID, ...], said: Mapping[str, Any]) -> "Wanted":
    from vocalverse.store.rescore import Wanted
    from vocalverse.store.venues import find_venue

    release = _known(settings, name)
    with operating(settings) as connection:
        venue_id = find_venue(connection, said["venue"]) if said["venue"] else None
    since = said["since"].astimezone() if said["since"] else None
    return Wanted(release, venue_id=venue_id, song=said["song"], since=since, ids=ids)


def _known(settings: Settings, name: str) -> "Known":
    """As the database knows it; one that has not judged yet is verified here and made known."""
    from vocalverse.cli.releases_activate import verified
    from vocalverse.errors import ReleaseUnknown
    from vocalverse.store.releases import find_release, register

    try:
        with operating(settings) as connection:
            return find_release(connection, name)
    except ReleaseUnknown:
        release = verified(settings, name)
    with operating(settings) as connection:
        register(connection, release)
    return release


def _hand_out(settings: Settings, wanted: "Wanted", most: int, *, wait: bool) -> int:
    """As many tasks as there is room for; with `wait` as many as are wanted, as room comes."""
    from vocalverse.store.rescore import Standing, census, venues_of

    with operating(settings) as connection:
        venues = venues_of(connection, wanted)
    made = 0
    with bars({}) as progress:
        while made < most:
            more = _fill(settings, wanted, venues, most - made)
            made += more
            progress("handed out", made / most)
            if more:
                continue
            with operating(settings) as connection:
                left = census(connection, wanted)[Standing.OPEN]
            if not (wait and left):
                break
            time.sleep(_EVERY_S)
    return made


def _fill(settings: Settings, wanted: "Wanted", venues: Sequence[UUID], most: int) -> int:
    """A turn for every venue."""
    from vocalverse.store.rescore import Patience, rescore_next, room
    from vocalverse.store.workload import read_workload

    patience = Patience(settings.venue_backlog_s, settings.total_backlog_s)
    made = 0
    for venue_id in venues:
        with operating(settings) as connection:
            workload = read_workload(connection, worker_silent_s=settings.worker_silent_s)
            free = min(most - made, room(workload, wanted, venue_id, patience))
            made += rescore_next(connection, wanted, venue_id, limit=free) if free > 0 else 0
    return made


def _sentence(name: str, facts: Mapping[str, int], *, dry_run: bool) -> str:
    """What was done, what is left to do, and why some are left out."""
    left_out = [words.format(facts[why]) for why, words in _LEFT_OUT.items() if facts[why]]
    if dry_run:
        said = [f"{facts['left']} would be judged again by {name}"]
    elif facts["left"]:
        said = [f"{facts['made']} will be judged again by {name}, {facts['left']} more once there is room: call again"]
    else:
        said = [f"{facts['made']} will be judged again by {name}"]
    return "; ".join([*said, *left_out]) + "."
