"""Logs as JSON lines: one event a line, control characters escaped by JSON itself, no secrets, no audio."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

_BUILT_IN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in vars(record).items() if key not in _BUILT_IN}
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": extra.pop("action", record.name),
            "message": record.getMessage(),
            **extra,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def start_logging(*, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error) as JSON.

    Log with `extra={"action": ..., "recording_id": ..., "task_id": ..., "fence": ...}`: the keys are stable.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("rq", "httpx", "httpcore", "alembic", "uvicorn.access", "obstore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
