"""A drawing as SVG: as sharp as one likes, its words still words."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from vocalverse.measure.picture.letters import Letters, plain
from vocalverse.measure.picture.shapes import Area, Box, Curve, Drawing, Points, Shape, Words

_FONTS = "Aileron, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Hiragino Sans', sans-serif"


def as_svg(drawing: Drawing, letters: Letters) -> str:
    """Words keep the widths of `letters`, whatever font they meet."""
    return "\n".join(_lines(drawing, letters)) + "\n"


def _lines(drawing: Drawing, letters: Letters) -> Iterator[str]:
    width, height = _short(drawing.width), _short(drawing.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FONTS}" stroke-linejoin="round" stroke-linecap="round">'
    )
    yield f'<rect width="{width}" height="{height}" fill="{drawing.background}"/>'
    yield from (_element(shape, letters) for shape in drawing.shapes)
    yield "</svg>"


def _element(shape: Shape, letters: Letters) -> str:
    match shape:
        case Box():
            edge = f' stroke="{shape.line}" stroke-width="{_short(shape.thick)}"' if shape.line else ""
            return (
                f'<rect x="{_short(shape.left)}" y="{_short(shape.top)}" width="{_short(shape.width)}" '
                f'height="{_short(shape.height)}" rx="{_short(shape.rounded)}" fill="{shape.fill or "none"}"{edge}/>'
            )
        case Curve():
            thick = _short(shape.thick)
            return f'<polyline points="{_listed(shape.points)}" fill="none" stroke="{shape.colour}" stroke-width="{thick}"/>'
        case Area():
            return f'<polygon points="{_listed(shape.points)}" fill="{shape.fill}"/>'
        case Words():
            wide = _short(letters.width(shape.text, round(shape.size)))
            return (
                f'<text x="{_short(shape.x)}" y="{_short(shape.y)}" font-size="{_short(shape.size)}" '
                f'textLength="{wide}" lengthAdjust="spacingAndGlyphs" fill="{shape.colour}" text-anchor="{shape.anchor}">{escape(plain(shape.text))}</text>'
            )


def _listed(points: Points) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points.tolist())


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
