"""Who may use a release: every venue is a business, so what is not known to be free for that has to be agreed to."""

from collections.abc import Collection

from vocalverse.errors import LicenceRefused
from vocalverse.models.catalogue import Commercial
from vocalverse.release.spec import Part, ReleaseSpec

_UNSAID = Part("all of it", licence="unknown", commercial=Commercial.UNKNOWN, source="its maker did not say")


def restricted(spec: ReleaseSpec) -> tuple[Part, ...]:
    """Parts whose licence does not allow commercial use, or is not known to."""
    return tuple(part for part in spec.parts or (_UNSAID,) if part.commercial is not Commercial.YES)


def mark(spec: ReleaseSpec) -> str:
    """What is said wherever a release that not everybody may use is at work; nothing of others."""
    if not restricted(spec):
        return ""
    return f"{spec.name} holds what is not known to be free for commercial use (vocalverse releases show {spec.name})."


def require_accepted(spec: ReleaseSpec, accepted: Collection[str]) -> None:
    """`accepted` are licences by their names, as somebody typed them who had read them."""
    agreed = {_plain(name) for name in accepted}
    left = [part for part in restricted(spec) if _plain(part.licence) not in agreed]
    if left:
        options = " ".join(f'--accept-licence "{licence}"' for licence in dict.fromkeys(p.licence for p in left))
        raise LicenceRefused(
            f"{spec.name} holds what is not known to be free for commercial use, and judging in a venue is that:"
            f" {'; '.join(map(_told, left))}. Read them; if they let you, say --accept-licence, or name them: {options}."
        )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _told(part: Part) -> str:
    allows = "forbids it" if part.commercial is Commercial.NO else "not known"
    return f"{part.name} ({part.licence}, {allows}; {part.source})"
