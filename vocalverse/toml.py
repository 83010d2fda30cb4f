"""Dataclasses as TOML and back. What is read is held against the fields' types, and whatever is wrong is named."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Kind = TypeVar("_Kind")
_Word = TypeVar("_Word", bound=Enum)

_LARGEST = 2**20  # bytes
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


class WrongError(ValueError):
    """What is wrong and where in the file, without the file's name."""


def from_table(kind: type[_Kind], said: Mapping[str, Any], where: str = "") -> _Kind:
    """One of these, from a table that names all the fields without a default, and none that is not there."""
    check_keys(kind, said, where or "the file")
    hints, before = get_type_hints(kind), f"{where}, " if where else ""
    return kind(**{name: _value(hints[name], value, f"{before}{name}") for name, value in said.items()})


def read_table(path: Path) -> dict[str, Any]:
    """The whole file; nothing that is too large for what people write is read into memory."""
    if path.exists() and not path.is_file():
        raise WrongError("it is no plain file.")  # a pipe would never end
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise WrongError(f"it is larger than {_LARGEST >> 20} MiB, which nothing of the kind is.")
        return tomllib.loads(data.decode())
    except OSError as error:
        raise WrongError(f"it cannot be read ({error.strerror or error}).") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongError(f"it is no TOML in UTF-8: {error}.") from None


def as_toml(value: object) -> str:
    """As `from_table` reads it. All is said but None, so that nothing changes with a default."""
    return "\n".join(_lines(value, "")).lstrip("\n") + "\n"


def check_keys(kind: type, said: Mapping[str, Any], where: str) -> None:
    known = fields(kind)
    if unknown := sorted(set(said) - {field.name for field in known}):
        raise WrongError(f"{where} says {', '.join(unknown)}; known are {', '.join(field.name for field in known)}.")
    needed = [one.name for one in known if one.default is MISSING and one.default_factory is MISSING]
    if missing := [name for name in needed if name not in said]:
        raise WrongError(f"{where} lacks {', '.join(missing)}.")


def word(kind: type[_Word], said: Any, where: str) -> _Word:
    try:
        return kind(said)
    except ValueError:
        raise WrongError(f"{where}: {said!r} is none of {', '.join(str(one.value) for one in kind)}.") from None


def number(said: Any, where: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) <= sys.float_info.max:
        raise WrongError(f"{where}: {said!r} is no number.")
    return float(said)


def of_type(said: Any, kind: type, where: str) -> Any:
    if isinstance(said, kind) and (kind is bool or not isinstance(said, bool)):
        return said
    raise WrongError(f"{where}: {said!r} is not {_WORDS[kind]}.")


def text(said: str) -> str:
    """TOML's strings are JSON's, but for DEL."""
    return json.dumps(str(said), ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(hint: Any, said: Any, where: str) -> Any:
    chosen = next(one for one in get_args(hint) if one is not NoneType) if NoneType in get_args(hint) else hint
    inside = get_args(chosen)
    if get_origin(chosen) is tuple:
        listed = of_type(said, list, where)
        return tuple(_value(inside[0], one, f"{where} {number}") for number, one in enumerate(listed, 1))
    if get_origin(chosen) is dict:
        table = of_type(said, dict, where)
        return {name: _value(inside[1], one, f"{where}.{name}") for name, one in table.items()}
    if is_dataclass(chosen):
        return from_table(chosen, of_type(said, dict, where), where)  # type: ignore[arg-type]
    if issubclass(chosen, Enum):
        return word(chosen, said, where)
    return number(said, where) if chosen is float else of_type(said, chosen, where)


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
    return name if _BARE.fullmatch(name) else text(name)


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return text(value)
        case tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case int():
            return str(int(value))
    return repr(float(value))  # type: ignore[arg-type]
