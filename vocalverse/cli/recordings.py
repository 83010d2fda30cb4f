"""`vocalverse recordings`: what came in, and what became of it."""

from collections.abc import Sequence
from uuid import UUID

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_done, show_facts, show_json, show_rows
from vocalverse.cli.recordings_rescore import rescore
from vocalverse.errors import BadInput
from vocalverse.records import TaskState

_ids = click.argument("ids", nargs=-1, type=click.UUID, metavar="ID...")
_COLUMNS = (
    "recording_id",
    "state",
    "outcome",
    "overall_mark",
    "song",
    "received_at",
    "reason",
    "venue",
    "attempts",
    "lane",
)


@click.group()
def recordings() -> None:
    """Recordings and their judging."""


@recordings.command("list")
@click.option("--venue", help="Only this venue's.")
@click.option("--state", type=click.Choice([state.value for state in TaskState]), help="Only those that are there.")
@click.option("--song", metavar="REF", help="Only those of this song.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--before", type=click.UUID, metavar="ID", help="Go on behind this recording.")
@json_option
def list_(
    venue: str | None, state: str | None, song: str | None, limit: int, before: UUID | None, as_json: bool
) -> None:
    """Recordings, newest first. JSON says under `next` how to go on."""
    from vocalverse.cli.recording_views import as_row
    from vocalverse.store.listing import list_recordings
    from vocalverse.store.venues import find_venue, slugs_of

    with operating() as connection:
        page = list_recordings(
            connection,
            venue_id=find_venue(connection, venue) if venue else None,
            before=before,
            limit=limit,
            state=TaskState(state) if state else None,
            song=song,
        )
        slugs = slugs_of(connection, {view.venue_id for view in page.items})
    rows = [as_row(view, slugs) for view in page.items]
    if as_json:
        show_json({"items": rows, "next": page.next})
        return
    show_rows(rows, columns=_COLUMNS, as_json=False, empty="No recording.")
    if page.next:
        click.echo(f"More: --before {page.next}", err=True)


@recordings.command()
@click.argument("recording_id", type=click.UUID, metavar="ID")
@json_option
def show(recording_id: UUID, as_json: bool) -> None:
    """One recording with all that was found out about it."""
    from vocalverse.cli.recording_views import as_assessment, as_facts, tell_result
    from vocalverse.settings import Settings
    from vocalverse.store.recordings import find_recording, outlook
    from vocalverse.store.results import find_result
    from vocalverse.store.venues import slugs_of

    settings = Settings.read()
    with operating(settings) as connection:
        view = find_recording(connection, recording_id, venue_id=None)
        ahead = outlook(connection, view, worker_silent_s=settings.worker_silent_s)
        result = find_result(connection, view.task_id)
        slugs = slugs_of(connection, {view.venue_id})
    facts = as_facts(view, ahead, slugs)
    if as_json:
        show_json({**facts, "assessment": as_assessment(result)})
        return
    show_facts({name: value for name, value in facts.items() if value is not None}, as_json=False)
    if result:
        tell_result(result)


@recordings.command()
@click.argument("recording_id", type=click.UUID, metavar="ID")
def measured(recording_id: UUID) -> None:
    """All that was measured of the singing in one recording, as JSON: each note, phrase, vibrato, breath and more."""
    from vocalverse.store.recordings import find_recording
    from vocalverse.store.results import find_measured

    with operating() as connection:
        task_id = find_recording(connection, recording_id, venue_id=None).task_id
        show_json(find_measured(connection, task_id))


@recordings.command()
@_ids
@click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="Give up after so long.")
@json_option
@click.pass_context
def wait(ctx: click.Context, ids: tuple[UUID, ...], timeout_s: float | None, as_json: bool) -> None:
    """Wait until these recordings are judged. Exit status 0 if all are done, 1 if not."""
    from vocalverse.cli.waiting import wait_for

    standings = wait_for(_some(ids), timeout_s=timeout_s)
    rows = [
        {"recording_id": one.recording_id, "state": one.state, "stage": one.stage, "reason": one.reason}
        for one in standings
    ]
    show_rows(rows, columns=("recording_id", "state", "reason"), as_json=as_json, empty="")
    ctx.exit(0 if all(one.state is TaskState.DONE for one in standings) else 1)


@recordings.command()
@_ids
@click.option("--dead", is_flag=True, help="All whose tries are used up.")
@click.option("--rejected", is_flag=True, help="All that could not be heard.")
@click.option("--expired", is_flag=True, help="All whose deadline passed.")
@click.option("--venue", help="With --dead, --rejected or --expired: only this venue's.")
@json_option
def requeue(ids: tuple[UUID, ...], dead: bool, rejected: bool, expired: bool, venue: str | None, as_json: bool) -> None:
    """Put recordings back that ended without a result, once the cause is gone.

    \b
    vocalverse recordings requeue 01a1fd49-b637-7f80-808f-505a7da11103
    vocalverse recordings requeue --dead --venue blue-note
    """
    flags = {TaskState.DEAD: dead, TaskState.REJECTED: rejected, TaskState.EXPIRED: expired}
    states = [state for state, chosen in flags.items() if chosen]
    if bool(ids) == bool(states) or (ids and venue):
        raise BadInput("Which? Either IDs, or --dead, --rejected, --expired (and --venue to narrow them down).")
    back, silent = _requeue_states(states, venue) if states else (_requeue_ids(ids), 0)
    show_done(f"{back} put back.", {"requeued": back, "without_sound": silent}, as_json=as_json)
    if silent and not as_json:
        click.echo(f"{silent} stay as they are: their sound was deleted, as their singers' consent says.", err=True)


recordings.add_command(rescore)


@recordings.command()
@_ids
@json_option
def cancel(ids: tuple[UUID, ...], as_json: bool) -> None:
    """Take recordings out of the queue. What runs already writes nothing."""
    from vocalverse.store.recordings import cancel_recording

    with operating() as connection:
        views = [cancel_recording(connection, one, venue_id=None) for one in _some(ids)]
    rows = [{"recording_id": view.recording_id, "state": view.state} for view in views]
    show_rows(rows, columns=("recording_id", "state"), as_json=as_json, empty="")


@recordings.command()
@_ids
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(ids: tuple[UUID, ...], yes: bool, as_json: bool) -> None:
    """Delete recordings for good: sound, results, and all that was derived."""
    from vocalverse.settings import Settings
    from vocalverse.store.recordings import delete_recording

    chosen = _some(ids)
    if not yes:
        click.confirm(f"Delete {len(chosen)} for good, sound and results?", abort=True, err=True)
    settings = Settings.read()
    last_lease_s = settings.run_lease_s + settings.task_limit_s
    with operating(settings) as connection:
        for one in chosen:
            delete_recording(connection, one, venue_id=None, actor="cli", last_lease_s=last_lease_s)
    sentence = f"{len(chosen)} deleted. The dispatcher removes the sound within seconds."
    show_done(sentence, {"deleted": chosen}, as_json=as_json)


def _some(ids: Sequence[UUID]) -> list[UUID]:
    if not ids:
        raise BadInput("Which recordings? `vocalverse recordings list` shows their IDs.")
    return list(dict.fromkeys(ids))


def _requeue_ids(ids: Sequence[UUID]) -> int:
    from vocalverse.store.requeue import requeue as put_back

    with operating() as connection:
        return put_back(connection, _some(ids))


def _requeue_states(states: Sequence[TaskState], venue: str | None) -> tuple[int, int]:
    """A thousand at a time, so that nobody waits long for a counter that this holds."""
    from sqlalchemy import text

    from vocalverse.store.requeue import count_silent, requeue_next
    from vocalverse.store.venues import find_venue

    back = 0
    with operating() as connection:
        begun_at = connection.scalar(text("SELECT now()"))
        venue_id = find_venue(connection, venue) if venue else None
        silent = count_silent(connection, states=states, venue_id=venue_id)
    while True:
        with operating() as connection:
            some = requeue_next(connection, states=states, venue_id=venue_id, ended_before=begun_at)
        back += some
        if not some:
            return back, silent
