"""What a row says of damage that was done to its take, such as {"kind": "gasps", "grade": 2, "of": "a1", "generator":
"train"}.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields

from vocalverse.synthesis.damage.family import Generator
from vocalverse.training.manifest import Damaged

_KEYS = tuple(one.name for one in fields(Damaged))
_EXPECTED = f"an object with {', '.join(_KEYS)}, as `vocalverse data damage` writes it"


def damage_of(said: object, say: Callable[[str], None]) -> Damaged | None:
    match said:
        case {"kind": str(kind), "grade": int(grade), "of": str(of), "generator": str(generator)} if (
            isinstance(said, Mapping) and len(said) == len(_KEYS) and grade >= 0 and generator in set(Generator)
        ):
            return Damaged(kind, grade, of, Generator(generator))
    say(f"damage is {said!r}: {_EXPECTED}")
    return None
