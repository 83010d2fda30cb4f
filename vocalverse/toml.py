"""Dataclasses as TOML and back. What is read is held against the fields' types, and whatever is wrong is named."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Kind = TypeVar("_Kind")

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORDS: Mapping[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


class WrongError(ValueError):
    """What is wrong and where in the file, without the file's name."""


def from_table(kind: type[_Kind], said: Mapping[str, Any], where: str = "") -> _Kind:
    """One of these, from a table that names all the fields without a default, and none that is not there."""
    known = fields(kind)  # type: ignore[arg-type]  # typeshed wants an instance
    names = [field.name for field in known]
    place = where or "the file"
    if unknown := sorted(set(said) - set(names)):
        raise WrongError(f"{place} says {', '.join(unknown)}; known are {', '.join(names)}.")
    if missing := [field.name for field in known if _is_needed(field) and field.name not in said]:
        raise WrongError(f"{place} lacks {', '.join(missing)}.")
    hints, before = get_type_hints(kind), f"{where}, " if where else ""
    return kind(**{name: _value(hints[name], value, f"{before}{name}") for name, value in said.items()})


def as_toml(value: object) -> str:
    """As `from_table` reads it. All is said but None, so that nothing changes with a default."""
    return "\n".join(_lines(value, "")).lstrip("\n") + "\n"


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(hint: Any, said: Any, where: str) -> Any:
    chosen = next(one for one in get_args(hint) if one is not NoneType) if NoneType in get_args(hint) else hint
    inside = get_args(chosen)
    if get_origin(chosen) is tuple:
        listed = _of_type(said, list, "a list", where)
        return tuple(_value(inside[0], one, f"{where} {number}") for number, one in enumerate(listed, 1))
    if get_origin(chosen) is dict:
        table = _of_type(said, dict, "a table", where)
        return {name: _value(inside[1], one, f"{where}.{name}") for name, one in table.items()}
    if is_dataclass(chosen):
        return from_table(chosen, _of_type(said, dict, "a table", where), where)  # type: ignore[arg-type]
    if issubclass(chosen, Enum):
        return _word(chosen, said, where)
    return _number(said, where) if chosen is float else _of_type(said, chosen, _WORDS[chosen], where)


def _word(kind: type[Enum], said: Any, where: str) -> Enum:
    try:
        return kind(said)
    except ValueError:
        raise WrongError(f"{where}: {said!r} is none of {', '.join(str(one.value) for one in kind)}.") from None


def _number(said: Any, where: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise WrongError(f"{where}: {said!r} is no number.")
    return float(said)


def _of_type(said: Any, kind: type, word: str, where: str) -> Any:
    if isinstance(said, kind) and (kind is bool or not isinstance(said, bool)):
        return said
    raise WrongError(f"{where}: {said!r} is not {word}.")


def _lines(value: object, table: str) -> Iterator[str]:
    """First what stands in the table itself, then the tables in it."""
    said = {name: one for name, one in _items(value).items() if one is not None}
    for name, one in said.items():
        if not _is_table(one) and not _is_tables(one):
            yield f"{_key(name)} = {_plain(one)}"
    for name, one in said.items():
        inner = f"{table}.{_key(name)}" if table else _key(name)
        if _is_table(one):
            yield from ("", f"[{inner}]", *_lines(one, inner))
        elif _is_tables(one):
            for each in one:
                yield from ("", f"[[{inner}]]", *_lines(each, inner))


def _items(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {field.name: getattr(value, field.name) for field in fields(value)}


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or is_dataclass(value)


def _is_tables(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and _is_table(value[0])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case int():
            return str(int(value))
    return repr(float(value))  # type: ignore[arg-type]


def _text(said: str) -> str:
    """TOML's strings are JSON's, but for DEL."""
    return json.dumps(str(said), ensure_ascii=False).replace("\x7f", "\\u007f")
