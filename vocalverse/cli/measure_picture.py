"""A take's picture, with what `vocalverse measure` says of it above."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vocalverse.cli.measure_views import lines_of

if TYPE_CHECKING:
    from vocalverse.cli.measure_takes import Found, Take
    from vocalverse.measure.picture.header import Caption
    from vocalverse.measure.reference.melody import Melody

_LACKING = "Letters that no font of this system has are left out. SVG has them."
_ABOVE = ("song", "lines sung")
_BELOW = ("sung", "range", "vibrato", "long tones", "breaths")


def picture(take: "Take", found: "Found") -> bytes:
    """As PNG, or as SVG where its path ends so."""
    from vocalverse.measure.picture.letters import of_this_system
    from vocalverse.measure.picture.page import page
    from vocalverse.measure.picture.png import as_image
    from vocalverse.measure.picture.svg import as_svg
    from vocalverse.measure.take import AgainstSong

    assert take.picture
    song, letters = found.measured.against_song, of_this_system()
    melody = song.melody if isinstance(song, AgainstSong) else None
    names = [name for name in (melody.title, melody.artist) if name] if melody else []
    if take.picture.suffix.lower() == ".svg":
        caption = _caption(found, names or [take.source.name])
        return as_svg(page(found.measured, caption, letters), letters).encode()
    legible = [name for name in names if not letters.lack(name)]
    lacking = len(legible) < len(names) or letters.lack(_words(melody))
    caption = _caption(found, legible or [take.source.name], note=_LACKING if lacking else "")
    file = io.BytesIO()
    as_image(page(found.measured, caption, letters), letters).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _words(melody: "Melody | None") -> str:
    return "".join(line.text for line in melody.lines) if melody else ""


def _caption(found: "Found", names: Sequence[str], *, note: str = "") -> "Caption":
    from vocalverse.measure.picture.header import Caption

    said, prescreened = dict(lines_of(found)), found.prescreened
    return Caption(
        title=" · ".join(names),
        facts=[line for wanted in (_ABOVE, _BELOW) if (line := " · ".join(_said(said, wanted)))],
        pitch=prescreened.pitch,
        rhythm=prescreened.rhythm,
        verdict=prescreened.verdict,
        reasons=[reason.code.replace("_", " ") for reason in prescreened.reasons],
        note=note,
    )


def _said(lines: Mapping[str, str], names: Sequence[str]) -> Iterator[str]:
    return (f"{name}: {lines[name]}" for name in names if name in lines)
