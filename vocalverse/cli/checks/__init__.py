"""What the doctor looks at: each check finds something out and knows what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from vocalverse.settings import Settings


class Verdict(StrEnum):
    GOOD = "good"
    NOTE = "note"  # works, and could be better
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's."""

    about: str
    verdict: Verdict
    found: str
    todo: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def good(about: str, found: str) -> Finding:
    return Finding(about, Verdict.GOOD, found)


def note(about: str, found: str, todo: str = "") -> Finding:
    return Finding(about, Verdict.NOTE, found, todo)


def bad(about: str, found: str, todo: str) -> Finding:
    return Finding(about, Verdict.BAD, found, todo)


def all_checks() -> tuple[Check, ...]:
    """In the order in which one thing needs the other."""
    from vocalverse.cli.checks.database import check_postgres
    from vocalverse.cli.checks.hearing import check_hearing
    from vocalverse.cli.checks.machine import check_data_folder, check_packages, check_python, check_sandbox
    from vocalverse.cli.checks.services import check_blobs, check_gateway, check_redis

    return (
        check_python,
        check_packages,
        check_data_folder,
        check_sandbox,
        check_hearing,
        check_postgres,
        check_redis,
        check_blobs,
        check_gateway,
    )
