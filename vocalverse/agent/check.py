"""Whether an agent could work here: one sentence for each thing that has to be right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from vocalverse.agent.client import Server
from vocalverse.agent.keys import key_reader
from vocalverse.agent.options import AgentOptions
from vocalverse.errors import VocalVerseError

TOLERABLE_SKEW_S = 60.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass
class Verdict:
    """Grows with every question; the first failure gives the exit status."""

    reached: bool = False
    key_valid: bool = False
    clock_skew_s: float | None = None
    exit_status: int = 0
    sentences: list[str] = field(default_factory=list)

    def as_json(self) -> Mapping[str, Any]:
        return {
            "reached": self.reached,
            "key_valid": self.key_valid,
            "clock_skew_s": None if self.clock_skew_s is None else round(self.clock_skew_s, 1),
            "sentences": self.sentences,
        }


def check_server(options: AgentOptions) -> Verdict:
    verdict = Verdict()
    with Server(options.server, key_reader(options)) as server:
        verdict.reached = _holds(verdict, server.greet, f"The server at {server.url} answers.")
        if verdict.reached:
            verdict.key_valid = _holds(verdict, server.check_key, "The key is valid and may upload.")
        verdict.clock_skew_s = server.clock_skew_s
    verdict.sentences += _about_the_clock(verdict.clock_skew_s) + _about_the_line(options.server)
    return verdict


def _holds(verdict: Verdict, question: Callable[[], None], yes: str) -> bool:
    try:
        question()
    except VocalVerseError as trouble:
        verdict.sentences.append(f"No: {trouble}")
        verdict.exit_status = verdict.exit_status or trouble.exit_status
        return False
    verdict.sentences.append(yes)
    return True


def _about_the_clock(skew_s: float | None) -> list[str]:
    if skew_s is None:
        return []
    if abs(skew_s) <= TOLERABLE_SKEW_S:
        return [f"This computer's clock agrees with the server's within {abs(skew_s):.0f} s."]
    late = "ahead of" if skew_s > 0 else "behind"
    return [f"This computer's clock is {abs(skew_s):.0f} s {late} the server's: set it, or let it set itself."]


def _about_the_line(url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in _LOOPBACK:
        return []
    return ["The key and the recordings travel unencrypted: use an https:// address outside of your own network."]
