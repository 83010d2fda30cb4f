"""The agent's life: what it does over and over, and how it begins and ends."""

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from vocalverse.agent.client import Server
from vocalverse.agent.faults import (
    Away,
    FileChanged,
    FolderAway,
    JournalTrouble,
    NotPlain,
    PartsMissing,
    Preempted,
    Refused,
    Stopped,
)
from vocalverse.agent.health import HealthReports
from vocalverse.agent.helpers import Helper, stopped_by_signals, wait_for
from vocalverse.agent.items import Backlog, Item, ItemState
from vocalverse.agent.journal import Journal, Ownership
from vocalverse.agent.keys import key_reader
from vocalverse.agent.options import AgentOptions
from vocalverse.agent.pace import Rests
from vocalverse.agent.space import Space
from vocalverse.agent.upload import Uploader
from vocalverse.agent.watch import Found, Sight, Watcher
from vocalverse.errors import BadInput, BadSettings, Forbidden, TooMuch, Unauthenticated, Unavailable, VocalVerseError
from vocalverse.records import Lane

log = logging.getLogger(__name__)
PAUSE_ON_BAD_KEY_S = 60.0


class Reporter(Protocol):
    """Hears what happens, to show it."""

    def backlog(self, waiting: Backlog) -> None: ...

    def sent(self, size: int) -> None: ...

    def ended(self, item: Item) -> None: ...


class Agent:
    """One folder, one server, one journal; everything here runs in one thread."""

    def __init__(
        self, options: AgentOptions, server: Server, journal: Journal, stop: threading.Event, reporter: Reporter
    ) -> None:
        self._options = options
        self._server = server
        self._journal = journal
        self._stop = stop
        self._reporter = reporter
        self._rests = Rests(options.first_wait_s)
        self._watcher = Watcher(options.folder, options.settle_s)
        self._space = Space(
            options.folder, journal, grace_s=options.grace_s, budget=options.disk_budget, keep=options.keep
        )
        self._uploader = Uploader(
            options.folder, _defaults(options), options.single_bytes, server, journal, self._let_live_go_first
        )
        self._sight = Sight((), (), 0)
        self._noticed: frozenset[Found] = frozenset()
        self._looked_at = float("-inf")
        self._complained_of = ""
        self._got_on_at = time.monotonic()

    def live(self) -> None:
        """Until it is told to stop, or, with `once`, until the server has all that was there."""
        while not self._stop.is_set():
            try:
                self._look_around()
                got_on = self._upload_the_next()
                if self._options.once and self._all_is_done():
                    self._look_around(at_once=True)
                    return
                self._complained_of = ""
            except Stopped:
                return
            except (FolderAway, JournalTrouble, OSError) as trouble:
                self._complain(str(trouble))
                self._give_up_without_progress(str(trouble))
                got_on = False
            if not got_on:
                self._stop.wait(self._options.poll_s)

    def _complain(self, trouble: str) -> None:
        """Of this computer's own trouble; not every second of the same."""
        if trouble != self._complained_of:
            log.error(trouble, extra={"action": "trouble_here"})
        self._complained_of = trouble

    # --- the folder ---

    def _look_around(self, *, at_once: bool = False) -> None:
        """Note what is finished and tidy up; not more often than the folder is polled."""
        if time.monotonic() - self._looked_at < self._options.poll_s and not at_once:
            return
        self._sight = self._watcher.look()
        self._looked_at = time.monotonic()
        self._space.tidy(self._sight.used_bytes)  # first: on a full disk nothing can be noted before
        for found in self._sight.finished:
            if found not in self._noticed:
                self._notice(found)
        self._noticed = frozenset(self._sight.finished)
        self._reporter.backlog(self._journal.backlog())

    def _notice(self, found: Found) -> None:
        item = self._journal.notice(found)
        if item.state is ItemState.FOUND:
            log.info("Found %s.", item.name, extra={"action": "found", "upload_id": item.upload_id})

    def _let_live_go_first(self, item: Item) -> None:
        self._got_on_at = time.monotonic()
        self._look_around()
        following = self._journal.next_waiting(self._rests.resting)
        if item.lane is Lane.BULK and following and following.lane is Lane.LIVE:
            raise Preempted(f"{following.name} goes before {item.name}.")

    # --- the server ---

    def _upload_the_next(self) -> bool:
        """False when there is nothing to do right now."""
        item = None if self._rests.all_rest else self._journal.next_waiting(self._rests.resting)
        if item is None:
            self._give_up_without_progress(self._what_is_awaited())
            return False
        try:
            item = self._uploader.upload(item)
        except (VocalVerseError, OSError) as trouble:
            return self._bear(self._journal.item(item.id) or item, trouble)
        self._end(item, "acknowledged", f"The server has {item.name}.")
        self._journal.note("paused", None)
        return True

    def _bear(self, item: Item, trouble: VocalVerseError | OSError) -> bool:
        """The one table of what becomes of a recording whose upload broke off."""
        match trouble:
            case Stopped() | JournalTrouble():
                raise trouble
            case Preempted():
                return True
            case Unauthenticated() | Forbidden() | BadSettings():
                self._pause(item, trouble)
            case Refused():
                self._reject(item, trouble.reason, str(trouble))
            case BadInput() | NotPlain():
                self._reject(item, trouble.code, str(trouble))
            case FileNotFoundError() if self._options.folder.is_dir():
                self._reject(item, "file_vanished", f"{trouble.filename} was gone before the server had it.")
            case TooMuch():
                self._put_off(item, trouble, everywhere=True, at_least_s=trouble.retry_after_s)
            case Away():
                self._put_off(item, trouble, everywhere=trouble.everywhere, at_least_s=trouble.retry_after_s)
            case FileChanged() | PartsMissing() | OSError():
                self._put_off(item, trouble, everywhere=False)
            case _:
                raise trouble
        return False

    def _pause(self, item: Item, trouble: VocalVerseError) -> None:
        """Nothing is wrong with the recording: the key is."""
        said = f"The server does not let us in: {trouble} Put a valid key in place; nothing is lost meanwhile."
        if self._options.once:
            raise trouble
        self._journal.note("paused", said)
        self._rests.put_off(None, at_least_s=PAUSE_ON_BAD_KEY_S)
        log.error(said, extra={"action": "paused", "code": trouble.code})

    def _reject(self, item: Item, code: str, said: str) -> None:
        self._end(self._journal.reject(item, code, said), "rejected", said)

    def _put_off(self, item: Item, trouble: Exception, *, everywhere: bool, at_least_s: float | None = None) -> None:
        code = trouble.code if isinstance(trouble, VocalVerseError) else "unreadable"
        self._journal.trouble(item, code, str(trouble))
        wait_s = self._rests.put_off(None if everywhere else item.id, at_least_s=at_least_s)
        log.warning(
            "%s waits %.0f s: %s",
            item.name,
            wait_s,
            trouble,
            extra={"action": "put_off", "code": code, "wait_s": wait_s},
        )

    def _end(self, item: Item, action: str, said: str) -> None:
        self._rests.clear(item.id)
        self._got_on_at = time.monotonic()
        log.info(said, extra={"action": action, "upload_id": item.upload_id, "recording_id": item.recording_id})
        self._reporter.ended(item)
        self._reporter.backlog(self._journal.backlog())

    # --- once ---

    def _all_is_done(self) -> bool:
        return not self._sight.unsettled and self._journal.backlog().count == 0

    def _what_is_awaited(self) -> str:
        if self._sight.unsettled and not self._journal.backlog().count:
            return f"{', '.join(self._sight.unsettled)} kept changing."
        return "The server has not taken everything: `vocalverse agent status` says why."

    def _give_up_without_progress(self, why: str) -> None:
        if self._options.once and time.monotonic() - self._got_on_at > self._options.patience_s:
            raise Unavailable(f"Nothing got on for {self._options.patience_s:.0f} s. {why}")


def run_agent(options: AgentOptions, reporter: Reporter) -> Mapping[ItemState, int]:
    """Run until a signal ends it (or the work is done, with `once`); says how many recordings are in which state.

    The work is done in threads and only waited for here, because a thread that waits for the network cannot be
    interrupted everywhere; the journal makes it harmless to leave one behind.
    """
    if not options.folder.is_dir():
        raise BadInput(f"{options.folder} is no folder: give the one that the recordings are written to.")
    stop = threading.Event()
    key_reader(options)()
    with Ownership(options.journal), Journal(options.journal) as journal, stopped_by_signals(stop):
        helpers = [Helper("uploads", stop, lambda: _upload_for_ever(options, stop, reporter))]
        if not options.once:
            helpers.append(Helper("health", stop, lambda: _report_for_ever(options, stop)))
        for helper in helpers:
            helper.start()
        wait_for(helpers, stop)
        return journal.counts()


def _upload_for_ever(options: AgentOptions, stop: threading.Event, reporter: Reporter) -> None:
    with ExitStack() as stack:
        key = key_reader(options)
        server = stack.enter_context(
            Server(options.server, key, bandwidth=options.bandwidth, stop=stop, sent=reporter.sent)
        )
        journal = stack.enter_context(Journal(options.journal))
        journal.forget_old(lambda name: (options.folder / name).exists())
        journal.note("paused", None)
        Agent(options, server, journal, stop, reporter).live()


def _report_for_ever(options: AgentOptions, stop: threading.Event) -> None:
    with Server(options.server, key_reader(options)) as server, Journal(options.journal) as journal:
        reports = HealthReports(options, server, journal)
        while not stop.is_set():
            reports.report()
            stop.wait(options.health_every_s)


def _defaults(options: AgentOptions) -> Mapping[str, Any]:
    return {"machine": options.machine, **({"room": options.room} if options.room else {})}
