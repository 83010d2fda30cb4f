"""What a machine tells about itself every minute, so that somebody notices before the disk is full."""

import logging
import shutil
from collections.abc import Mapping
from typing import Any

from vocalverse import __version__
from vocalverse.agent.client import Server
from vocalverse.agent.journal import Journal
from vocalverse.agent.options import AgentOptions
from vocalverse.errors import VocalVerseError

log = logging.getLogger(__name__)


class HealthReports:
    """Never in the way of an upload: a report that cannot be delivered is said once and forgotten."""

    def __init__(self, options: AgentOptions, server: Server, journal: Journal) -> None:
        self._options = options
        self._server = server
        self._journal = journal
        self._silent_about: str | None = None

    def report(self) -> None:
        try:
            if self._server.clock_skew_s is None:
                self._server.greet()
            self._server.report_health(self._options.machine, self._health())
        except (VocalVerseError, OSError) as trouble:
            self._complain(str(trouble))
        else:
            self._silent_about = None

    def _health(self) -> Mapping[str, Any]:
        backlog = self._journal.backlog()
        health: dict[str, Any] = {
            "version": __version__,
            "backlog_count": backlog.count,
            "backlog_bytes": backlog.size,
            "oldest_s": round(backlog.oldest_s, 1),
            "disk_free_bytes": shutil.disk_usage(self._options.folder).free,
            "clock_skew_s": round(self._server.clock_skew_s or 0.0, 1),
        }
        return health | ({"room": self._options.room} if self._options.room else {})

    def _complain(self, trouble: str) -> None:
        if trouble != self._silent_about:
            log.warning("The health report did not arrive: %s", trouble, extra={"action": "health_not_delivered"})
        self._silent_about = trouble
