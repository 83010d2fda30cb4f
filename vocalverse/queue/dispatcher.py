"""The dispatcher: short rounds, woken by what happens and at least every 100 ms; deliveries only after the commit."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vocalverse.errors import Unavailable
from vocalverse.queue.delivery import Carrier
from vocalverse.queue.round import Round, RoundOptions, play_round, take_back

log = logging.getLogger(__name__)

_SHORTEST_PAUSE_S = 0.01  # wake-up calls that come faster are answered together
_STANDBY_S = 1.0
_AWAY_S = 1.0


@dataclass
class Dispatcher:
    """Plays rounds until `stop` is set. Any number may run: one leads, the others stand by."""

    engine: Engine
    carrier: Carrier
    options: RoundOptions
    every_s: float
    stop: threading.Event
    wake: threading.Event
    clock: Callable[[], float] = time.monotonic
    _away_until: float | None = None  # Postgres was away: nobody could renew before then

    def run(self) -> None:
        while not self.stop.is_set():
            self.wake.clear()
            pause_s = self._turn()
            if pause_s > _SHORTEST_PAUSE_S:
                self.stop.wait(_SHORTEST_PAUSE_S)
                self.wake.wait(pause_s - _SHORTEST_PAUSE_S)

    def _turn(self) -> float:
        """One round and what it sends; how long to rest after it."""
        try:
            played = self.play()
            if not played.led:
                return _STANDBY_S
            return 0.0 if played.deliveries else self.every_s
        except Unavailable as away:
            log.warning(str(away), extra={"action": "redis_away"})
            self._wait_for_redis()
            return 0.0
        except (DBAPIError, SQLAlchemyError) as broken:
            log.warning("Postgres does not answer: %s", broken, extra={"action": "postgres_away"})
            self._away_until = self.clock() + _AWAY_S + self.options.run_lease_s
            return _AWAY_S

    def play(self) -> Round:
        """One round. After an outage of Postgres one run lease passes before a running task is taken back."""
        reap_running = self._away_until is None or self.clock() >= self._away_until
        with self.engine.begin() as connection:
            played = play_round(connection, self.options, reap_running=reap_running)
        if played.deliveries:
            self._send(played)
        return played

    def _send(self, played: Round) -> None:
        try:
            self.carrier.send(played.deliveries)
        except Unavailable:
            with self.engine.begin() as connection:
                take_back(connection, played.deliveries)
            raise
        log.debug("sent %d", len(played.deliveries), extra={"action": "dispatched"})

    def _wait_for_redis(self) -> None:
        while not self.stop.wait(_AWAY_S) and not self.carrier.answers():
            pass


def listen(database_url: str, *, wake: threading.Event, stop: threading.Event) -> None:
    """Set `wake` whenever a task becomes ready or ends, until `stop`. Rounds go on without it, only later."""
    while not stop.is_set():
        try:
            with psycopg.connect(database_url, autocommit=True, application_name="dispatcher-listen") as connection:
                connection.execute("LISTEN vocalverse_tasks")
                wake.set()
                while not stop.is_set():
                    for _ in connection.notifies(timeout=1.0, stop_after=1):
                        wake.set()
        except psycopg.Error as away:
            log.warning("cannot listen: %s", away, extra={"action": "listen_failed"})
            stop.wait(_AWAY_S)
