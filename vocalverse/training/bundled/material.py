"""What the bundled releases learn from, before anything is done to it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vocalverse.training.manifest import Clip, Pair

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Material:
    """Takes are voices alone."""

    to_damage: tuple[Clip, ...] = ()  # by grades, for the order that is known then
    others: tuple[Clip, ...] = ()  # as they were sung
    pairs: tuple[Pair, ...] = ()  # of any of them

    def __add__(self, more: "Material") -> "Material":
        return Material(self.to_damage + more.to_damage, self.others + more.others, self.pairs + more.pairs)


class Spread(Protocol):
    """The same work on many things, perhaps in several processes: `opened` makes what works, once in each."""

    def __call__(
        self, opened: Callable[[], Callable[[_Thing], _Result]], things: Sequence[_Thing]
    ) -> Iterator[_Result]: ...


def one_by_one(opened: Callable[[], Callable[[_Thing], _Result]], things: Sequence[_Thing]) -> Iterator[_Result]:
    return map(opened(), things)
