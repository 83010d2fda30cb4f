"""What judges: releases as the database knows them, which of them is active, and which workers have it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vocalverse.errors import Conflict, ReleaseUnknown
from vocalverse.records import WorkerClass
from vocalverse.store.tables import Audit, Release

if TYPE_CHECKING:
    from vocalverse.release.verify import Sealed

_ACTIVATED = "release_activated"


@dataclass(frozen=True)
class Known:
    """A release, as whoever verified its folder tells of it."""

    name: str
    digest: str | None  # None: of `none`, which has no folder
    worker_class: WorkerClass = WorkerClass.CPU
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, sealed: "Sealed") -> Self:
        return cls(sealed.spec.name, sealed.digest, sealed.spec.worker_class, asdict(sealed.spec))


@dataclass(frozen=True)
class Registered:
    """A release in the database, and how many of the live workers that would judge by it can."""

    name: str
    digest: str | None
    worker_class: WorkerClass
    active: bool
    active_since: datetime | None  # or was, last
    registered_at: datetime
    workers: int
    holders: int


@dataclass(frozen=True)
class Refusal:
    """A worker that has a release which is not as it was sealed."""

    worker: str
    host: str
    release: str
    why: str


# The name of the active one, for statements that ask for it; there always is one, `none` at first.
ACTIVE = "(SELECT name FROM releases WHERE active_since IS NOT NULL ORDER BY active_since DESC, name LIMIT 1)"


def active_release(connection: Connection) -> Known:
    """What new recordings are judged by."""
    row = connection.execute(text(f"SELECT name, digest, worker_class::text FROM releases WHERE name = {ACTIVE}")).one()
    return Known(row.name, row.digest, WorkerClass(row.worker_class))


def activate(connection: Connection, release: Known, *, actor: str, notes: Sequence[str] = ()) -> bool:
    """Register it where it is new, and let it judge all that comes from here on; false where it does already.

    What waits and what runs keeps the release that it was given. `notes` go into the audit with it.
    """
    connection.execute(text("LOCK TABLE releases IN SHARE ROW EXCLUSIVE MODE"))  # the last to begin is the last to end
    register(connection, release)
    if active_release(connection).name == release.name:
        return False
    since = func.clock_timestamp()
    connection.execute(update(Release).where(Release.name == release.name).values(active_since=since))
    for action in (_ACTIVATED, *notes):
        connection.execute(insert(Audit).values(actor=actor, action=action, subject=release.name))
    return True


def was_chosen(connection: Connection) -> bool:
    """Whether anybody ever said what judges here; `none` does until then."""
    return bool(connection.scalar(select(exists().where(Audit.action == _ACTIVATED))))


def register(connection: Connection, release: Known) -> None:
    """Make it known by its name and digest, for good: under one name nothing else is ever judged."""
    connection.execute(
        upsert(Release)
        .values(
            name=release.name,
            digest=release.digest,
            worker_class=release.worker_class,
            manifest=dict(release.manifest),
        )
        .on_conflict_do_nothing()
    )
    known = connection.scalar(select(Release.digest).where(Release.name == release.name))
    if known != release.digest:
        raise Conflict(
            f"{release.name} is known here with the digest {known or 'none'}, and this one has {release.digest or 'none'}:"
            " results name their release, so that name stays with what it meant. Seal it under another name."
        )


def find_release(connection: Connection, name: str) -> Known:
    row = connection.execute(select(Release).where(Release.name == name)).first()
    if row is None:
        raise ReleaseUnknown(
            f"The database knows no release {name!r}: `vocalverse releases activate` makes it known; `vocalverse"
            " releases list` shows those that are."
        )
    return Known(row.name, row.digest, row.worker_class, row.manifest)


_REGISTERED = text(f"""
    SELECT r.name, r.digest, r.worker_class::text, r.name = {ACTIVE} AS active, r.active_since,
           r.created_at AS registered_at, count(w.name) AS workers,
           count(w.name) FILTER (WHERE r.digest IS NULL OR r.digest = ANY(w.releases)) AS holders
    FROM releases r LEFT JOIN workers w ON w.worker_class = r.worker_class
     AND w.seen_at > now() - make_interval(secs => :silent_s)
    GROUP BY r.name ORDER BY r.active_since DESC NULLS LAST, r.name
""")


def list_registered(connection: Connection, *, worker_silent_s: float) -> list[Registered]:
    """The active one first."""
    return [
        Registered(**{**row, "worker_class": WorkerClass(row["worker_class"])})
        for row in connection.execute(_REGISTERED, {"silent_s": worker_silent_s}).mappings()
    ]


_REFUSALS = text("""
    SELECT w.name AS worker, w.host, said.key AS release, said.value AS why
    FROM workers w, jsonb_each_text(w.refused) said
    WHERE w.seen_at > now() - make_interval(secs => :silent_s) ORDER BY w.host, w.name, said.key
""")


def list_refusals(connection: Connection, *, worker_silent_s: float) -> list[Refusal]:
    return [Refusal(**row) for row in connection.execute(_REFUSALS, {"silent_s": worker_silent_s}).mappings()]
