"""The whole page: what was sung, how well, row under row, and what the signs mean."""

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.header import LEFT, Caption, header
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.ribbon import Ribbon
from vocalverse.measure.picture.shapes import Drawing, Shape, Words
from vocalverse.measure.take import Measured

RIGHT, BELOW = 30.0, 16.0  # around what is drawn


def page(measured: Measured, caption: Caption, letters: Letters) -> Drawing:
    ribbon = Ribbon.of(measured, letters)
    laid = ribbon.laid(caption.bottom)
    shapes: list[Shape] = [*header(caption, letters, LEFT + ribbon.width), *laid.shapes]
    bottom = laid.bottom + BELOW
    if caption.note:
        shapes.append(Words(LEFT, bottom, caption.note, 11, colours.GREY))
        bottom += BELOW
    return Drawing(LEFT + ribbon.width + RIGHT, bottom, colours.BACKGROUND, tuple(shapes))
