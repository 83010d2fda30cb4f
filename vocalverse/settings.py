"""All that may be set from outside, in one place. Only this module reads the environment.

A setting `run_lease_s` is read from VOCALVERSE_RUN_LEASE_S. Where the embedded servers run, `vocalverse up` leaves
their addresses in `stack.json` in the data folder, so that every other command finds them; the environment wins.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from vocalverse.errors import BadSettings

PREFIX = "VOCALVERSE_"


def _data_folder(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get(PREFIX + "DATA"):
        return Path(chosen).expanduser().absolute()
    base = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".local/share")
    return Path(base).absolute() / "vocalverse"


@dataclass(frozen=True)
class Settings:
    """What a process of ours needs to know of the world outside."""

    data: Path = field(default_factory=lambda: _data_folder(os.environ))

    # Where the servers are. One URL is enough; a role of its own for each part is better.
    database_url: str = ""  # the owner's: migrations and the command line
    ingest_database_url: str = ""  # the gateway's; defaults to database_url
    worker_database_url: str = ""  # dispatcher's and workers'; defaults to database_url
    redis_url: str = ""  # the dispatcher's
    worker_redis_url: str = ""  # the workers'; defaults to redis_url
    blob_url: str = ""  # file:///path or s3://bucket/prefix?endpoint=http://…; defaults to a folder in `data`
    blob_access_key_id: str = ""  # of an object store; where empty, the machine's own role is asked
    blob_secret_access_key: str = ""
    blob_region: str = "us-east-1"

    # Leases, all counted by Postgres' own clock.
    dispatch_lease_s: float = 15.0  # from dispatch until a worker must have begun
    run_lease_s: float = 30.0  # renewed while a stage gets on
    max_starts: int = 5  # then a task is dead
    audio_grace_s: float = 86400.0  # sound that may not be kept goes so long after its judging has ended
    retry_backoff_s: float = 10.0  # doubled with every start
    dispatch_every_s: float = 0.1  # the longest pause between two rounds
    worker_silent_s: float = 10.0  # a worker not seen for so long is not counted as live

    # The worker.
    assessor: str = "vocalverse.assess:open_assessor"  # makes the assessor that a worker runs
    rules: str = ""  # a file with the prescreen's rules; where empty, those that come with it
    releases: str = ""  # the folder with what judges; defaults to one in `data`
    task_limit_s: float = 900.0  # a task that runs longer is killed with its worker
    stall_limit_s: float = 120.0  # so is one that reports no progress for so long
    grace_s: float = 20.0  # what SIGTERM leaves a task to finish before it is handed back

    cache: str = ""  # the folder for what encoders made of recordings; defaults to one in `data`
    cache_bytes: int = 0  # of it that workers keep, to judge recordings again sooner; 0: they keep nothing

    # The gateway.
    host: str = "127.0.0.1"
    port: int = 8470
    trusted_proxies: str = ""  # comma-separated addresses whose Forwarded headers are believed
    max_recording_bytes: int = 512 * 2**20
    max_single_bytes: int = 32 * 2**20  # of an upload in one request
    part_bytes: int = 8 * 2**20
    max_parts: int = 1000
    max_header_bytes: int = 16 * 2**10
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0  # without a byte
    max_requests_per_key: int = 32  # at once
    max_open_uploads_per_venue: int = 1000
    upload_expires_s: float = 7 * 86400.0  # an upload not completed by then is swept away
    venue_backlog_s: float = 4 * 3600.0  # seconds of work waiting, past which the gateway answers 429
    total_backlog_s: float = 24 * 3600.0
    max_wait_s: float = 60.0  # of a long poll

    # The venue's uploader.
    agent_key: str = ""  # where no --key-file is given

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The defaults, then the running stack's addresses, then the environment."""
        environ = os.environ if environ is None else environ
        found: dict[str, Any] = {"data": _data_folder(environ)}
        stack = found["data"] / "stack.json"
        if stack.is_file() and os.access(stack, os.R_OK):
            found |= json.loads(stack.read_text())
        for setting in fields(cls):
            name = PREFIX + setting.name.upper()
            if setting.name != "data" and environ.get(name):
                found[setting.name] = _parse(name, environ[name], setting.type)
        unknown = sorted(set(found) - {setting.name for setting in fields(cls)})
        if unknown:
            raise BadSettings(f"stack.json names settings that this version does not know: {', '.join(unknown)}")
        settings = cls(**found)
        return replace(
            settings,
            ingest_database_url=settings.ingest_database_url or settings.database_url,
            worker_database_url=settings.worker_database_url or settings.database_url,
            worker_redis_url=settings.worker_redis_url or settings.redis_url,
            blob_url=settings.blob_url or (settings.data / "blobs").as_uri(),
            releases=settings.releases or str(settings.data / "releases"),
            cache=settings.cache or str(settings.data / "cache"),
        )


def data_folder() -> Path:
    """Where it is, without a look at what lies in it."""
    return _data_folder(os.environ)


def environment_for(data: Path, stack: Mapping[str, object], **said: object) -> dict[str, str]:
    """For a child of `vocalverse up`: our environment, but what `stack.json` says is not to be overruled in it.

    `said` are settings that hold for this child unless the environment has them already.
    """
    ruled = {PREFIX + name.upper() for name in stack}
    inherited = {name: value for name, value in os.environ.items() if name not in ruled}
    defaults = {PREFIX + name.upper(): str(value) for name, value in said.items()}
    return {**defaults, **inherited, PREFIX + "DATA": str(data), "PYTHONSAFEPATH": "1"}


def _parse(name: str, text: str, kind: object) -> Any:
    converters = {"int": int, "float": float, "str": str, int: int, float: float, str: str}
    try:
        return converters[kind](text)
    except ValueError:
        raise BadSettings(f"{name}={text!r} is not a number") from None
