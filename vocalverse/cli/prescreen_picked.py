"""The recordings that `vocalverse prescreen curate` looks through, and the list that it writes."""

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vocalverse.cli.given import recordings
from vocalverse.cli.output import in_words
from vocalverse.cli.places import require_writable
from vocalverse.cli.prescreen_takes import Known, Measuring, Sought, known_of
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.prescreen.curate import Candidate, Choice
    from vocalverse.prescreen.rules import Rules

_LISTS = (".csv", ".jsonl")
_NAMES = ("singer", "song")


@dataclass(frozen=True)
class Found:
    name: str  # below what was given
    take: Sought
    singer: str
    song: str | None


@dataclass(frozen=True)
class Row:
    found: Found
    candidate: "Candidate"
    voiced_s: float | None


def require_list(out: Path) -> None:
    require_writable(out.parent, "--out")
    if out.suffix.lower() not in _LISTS:
        raise BadInput(f"--out {out}: a list's name ends in {' or '.join(_LISTS)}.")


def found_in(given: Path, names: str | None) -> list[Found]:
    """Of a folder or a list. Without a singer's name a recording has a singer of its own."""
    if given.is_dir():
        pattern, found = names_pattern(names or ""), recordings([given])
        named = [pattern.fullmatch(one.below.as_posix()) for one in found]
        if names and not any(named):
            raise BadInput(f"--names {names!r} fits no recording: {found[0].below.as_posix()} is one of them.")
        groups = [one.groupdict() if one else {} for one in named]
        return [
            _found(given, Sought(one.source), said.get("singer"), said.get("song"))
            for one, said in zip(found, groups, strict=True)
        ]
    from vocalverse.prescreen.manifest import read

    if names:
        raise BadInput(f"--names is for folders; {given} is a list, which has a column singer and a column song.")
    return [_found(given.parent, Sought(one.audio, one.chart), one.singer, one.song) for one in read(given)]


def _found(folder: Path, take: Sought, singer: str | None, song: str | None) -> Found:
    name = os.path.relpath(take.audio, folder)
    return Found(name, take, singer or name, song)


def judged(found: Sequence[Found], rules: "Rules", measuring: Measuring) -> Iterator[Row]:
    from vocalverse.prescreen.curate import Candidate
    from vocalverse.prescreen.judge import prescreen, refused_before

    for one, known in zip(found, known_of([one.take for one in found], measuring), strict=True):
        if isinstance(known, Known):
            verdict = refused_before(prescreen(known.evidence, rules), known.against)
            candidate = Candidate(one.name, one.singer, one.song, verdict, known.signature)
            yield Row(one, candidate, known.evidence.get("compass.voiced_s"))
        else:
            yield Row(one, Candidate(one.name, one.singer, one.song, failed=known.code), None)


def as_list(out: Path, rows: Sequence[Row], choices: "Sequence[Choice]") -> str:
    """In the order in which they were found, which is that of their names."""
    told = [_told(row, choice, out.parent) for row, choice in zip(rows, choices, strict=True)]
    if out.suffix.lower() == ".jsonl":
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)
    from vocalverse.measure.sheets import harmless

    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(told[0])
    writer.writerows([harmless(cell) for cell in one.values()] for one in told)
    return written.getvalue()


def sentence(out: Path, facts: Mapping[str, Any], rows: Sequence[Row]) -> str:
    said = f"{facts['picked']} of {len(rows)} picked, listed in {in_words(str(out))}."
    return f"{said} Not picked: {in_words(facts['dropped'])}." if facts["dropped"] else said


def counted(rows: Sequence[Row], choices: "Sequence[Choice]") -> Mapping[str, Any]:
    picked = [row for row, choice in zip(rows, choices, strict=True) if choice.picked]
    why = Counter(choice.why.split(" as ")[0] for choice in choices if not choice.picked)
    return {
        "picked": len(picked),
        "singers": len({row.found.singer for row in picked}),
        "songs": len({row.found.song for row in picked if row.found.song}),
        "dropped": dict(sorted(why.items())),
    }


def _told(row: Row, choice: "Choice", folder: Path) -> dict[str, Any]:
    found = row.candidate.prescreened
    pitch, rhythm = (found.pitch, found.rhythm) if found else (None, None)
    return {
        "audio": _from(folder, row.found.take.audio),
        "singer": row.found.singer,
        "song": row.found.song,
        "chart": _from(folder, row.found.take.chart) if row.found.take.chart else None,
        "picked": "yes" if choice.picked else "no",
        "why": choice.why,
        **{f"pitch_{part}": _rounded(getattr(pitch, part, None)) for part in ("value", "low", "high")},
        **{f"rhythm_{part}": _rounded(getattr(rhythm, part, None)) for part in ("value", "low", "high")},
        "voiced_s": _rounded(row.voiced_s),
    }


def _from(folder: Path, file: Path) -> str:
    """As a list in that folder names it; no name that a spreadsheet would reckon with."""
    path = os.path.relpath(file, folder) if Path(file).resolve().is_relative_to(folder.resolve()) else file.resolve()
    return str(path) if str(path)[:1].isalnum() or Path(path).is_absolute() else f"./{path}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def names_pattern(names: str) -> re.Pattern[str]:
    """`{singer}` and `{song}` are some letters without a slash, `*` any."""
    parts = re.split(r"(\{\w+\}|\*)", names)
    if unknown := [part for part in parts if part[:1] == "{" and part[1:-1] not in _NAMES]:
        raise BadInput(f"--names {names!r}: {', '.join(unknown)} is neither {{singer}} nor {{song}}.")
    if any(parts.count(f"{{{name}}}") > 1 for name in _NAMES):
        raise BadInput(f"--names {names!r}: {{singer}} and {{song}} can stand there once.")
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if part == "*":
        return "[^/]*"
    return f"(?P<{part[1:-1]}>[^/]+?)" if part[:1] == "{" else re.escape(part)
