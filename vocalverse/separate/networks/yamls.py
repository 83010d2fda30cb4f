"""Reading a yaml of unknown origin: plain values only, each checked where it is taken out."""

import reprlib
from collections.abc import Mapping
from typing import Any

import yaml

from vocalverse.errors import ModelBroken

_YAML_BYTES = 256 * 1024
_LONGEST_LIST = 4096
_BRIEF = reprlib.Repr()
_BRIEF.maxlevel = 2  # a yaml's few lines may stand for more than fits into any message


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Tags such as !!python/tuple are read as what they are written on: a list, a mapping or a text."""


def _untagged(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return str(node.value)


_PlainLoader.add_constructor(None, _untagged)


def parse(text: str) -> dict[Any, Any]:
    if len(text.encode()) > _YAML_BYTES:
        raise ModelBroken(f"A model's yaml has a few kilobytes; this one has more than {_YAML_BYTES // 1024}.")
    try:
        document = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 (it is a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelBroken(f"The model's yaml cannot be read: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(document, dict):
        raise ModelBroken("The model's yaml holds no sections: it has to have at least `model`.")
    return document


def section(document: Mapping[Any, Any], name: str) -> dict[Any, Any]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise ModelBroken(f"The yaml's {name} has to be a section, not {say(section)}.")
    return section


def whole(section: Mapping[Any, Any], name: str, default: int | None = None) -> int:
    value = section.get(name, default)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise ModelBroken(f"The yaml's {name} has to be a whole number, not {say(value)}.")
    return value


def wholes(section: Mapping[Any, Any], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    values = section.get(name, default)
    if not isinstance(values, list | tuple) or len(values) > _LONGEST_LIST:
        raise ModelBroken(f"The yaml's {name} has to be a list of whole numbers, not {say(values)}.")
    return tuple(whole({name: value}, name) for value in values)


def flag(section: Mapping[Any, Any], name: str) -> bool:
    value = section.get(name, False)
    if not isinstance(value, bool):
        raise ModelBroken(f"The yaml's {name} has to be true or false, not {say(value)}.")
    return value


def say(value: Any) -> str:
    return _BRIEF.repr(value)
