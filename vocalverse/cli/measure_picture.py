"""A take's picture, with what `vocalverse measure` says of it above."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vocalverse.cli.measure_views import lines_of

if TYPE_CHECKING:
    from vocalverse.cli.measure_takes import Found, Take

_LACKING = "Letters that no font of this system has are left out. SVG has them."
_ABOVE = ("song", "lines sung")
_BELOW = ("sung", "range", "vibrato", "long tones", "breaths")


def picture(take: "Take", found: "Found") -> bytes:
    """As PNG, or as SVG where its path ends so."""
    from vocalverse.measure.picture.letters import of_this_system
    from vocalverse.measure.picture.page import Caption, page
    from vocalverse.measure.picture.png import as_image
    from vocalverse.measure.picture.svg import as_svg
    from vocalverse.measure.take import AgainstSong

    measured, prescreened = found.measured, found.prescreened
    song = measured.against_song
    named = (song.melody.title, song.melody.artist) if isinstance(song, AgainstSong) else ()
    said = dict(lines_of(found))
    caption = Caption(
        title=" · ".join(name for name in named if name) or take.source.name,
        facts=[line for names in (_ABOVE, _BELOW) if (line := " · ".join(_said(said, names)))],
        pitch=prescreened.pitch,
        rhythm=prescreened.rhythm,
        verdict=prescreened.verdict,
        reasons=[reason.code.replace("_", " ") for reason in prescreened.reasons],
    )
    letters = of_this_system()
    assert take.picture
    if take.picture.suffix.lower() == ".svg":
        return as_svg(page(measured, caption, letters), letters).encode()
    words = "".join(line.text for line in song.melody.lines) if isinstance(song, AgainstSong) else ""
    drawing = page(measured, replace(caption, note=_LACKING if letters.lack(words) else ""), letters)
    file = io.BytesIO()
    as_image(drawing, letters).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _said(lines: Mapping[str, str], names: Sequence[str]) -> Iterator[str]:
    return (f"{name}: {lines[name]}" for name in names if name in lines)
