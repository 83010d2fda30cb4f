"""A take's scores as a picture, or as a page."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vocalverse.picture.portrait import Portrait

PAGE = ".html"


def picture(portrait: "Portrait", path: Path) -> bytes:
    """As PNG, or as HTML where the path ends so."""
    from vocalverse.measure.picture.letters import of_this_system
    from vocalverse.measure.picture.png import as_image
    from vocalverse.picture.sheet import sheet

    letters = of_this_system()
    if path.suffix.lower() == PAGE:
        from vocalverse.picture.web import web

        return web(portrait, letters).encode()
    file = io.BytesIO()
    as_image(sheet(portrait, letters), letters).save(file, format="PNG", optimize=True)
    return file.getvalue()
