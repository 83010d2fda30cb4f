"""Small plots as SVG inside a page of `vocalverse.pages`, whose colours they take."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from vocalverse.pages import Html

_WIDTH, _HEIGHT = 640, 320  # in units of the picture; it is as wide as the page
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 44  # around what is drawn
_NAMES = 170  # left of bars
_ROW = 26  # of a bar
_LEGEND = 20  # a line of it
_COLOURS = 6  # of a page; then they come again
_TICKS = 6  # at most
_LETTER = 7.2  # about as wide as one is


@dataclass(frozen=True)
class Axes:
    x: str = ""  # what is told along it, with its unit
    y: str = ""


@dataclass(frozen=True)
class Line:
    """`y` over `x`; broken where either is no finite number."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Bar:
    """A value, with the interval that it is believed to lie in."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def lines(drawn: Sequence[Line], axes: Axes) -> Html:
    points = [point for line in drawn for point in zip(line.x, line.y, strict=True) if all(map(math.isfinite, point))]
    if not points:
        return _empty(axes)
    legend = _legend([line.name for line in drawn]) if len(drawn) > 1 else []
    ground = _Ground.around([x for x, _ in points], [y for _, y in points], legend_lines=len(legend))
    paths = [
        f'<path d="{_path(line, ground)}" fill="none" stroke="{_colour(at)}" stroke-width="2" stroke-linejoin="round"/>'
        for at, line in enumerate(drawn)
    ]
    return _svg(axes, [*ground.drawn(axes), *paths, *legend], ground.height)


def scatter(x: Sequence[float], y: Sequence[float], axes: Axes, *, identity: bool = True) -> Html:
    """A dot for each; with `identity` both axes run alike, and a line shows where they would be equal."""
    points = [point for point in zip(x, y, strict=True) if all(map(math.isfinite, point))]
    if not points:
        return _empty(axes)
    xs, ys = ([point[at] for point in points] for at in (0, 1))
    ground = _Ground.around(xs + ys, xs + ys) if identity else _Ground.around(xs, ys)
    dots = "".join(f"M{ground.x(one):.1f} {ground.y(other):.1f}h0" for one, other in points)
    cloud = f'<path d="{dots}" stroke="{_colour(0)}" stroke-width="5" stroke-linecap="round" opacity="0.55"/>'
    return _svg(axes, [*ground.drawn(axes), *(_diagonal(ground) if identity else ()), cloud], ground.height)


def bars(drawn: Sequence[Bar], axes: Axes) -> Html:
    """Lying, under one another, from 0; what has no finite value has no bar."""
    finite = [bar for bar in drawn if math.isfinite(bar.value)]
    if not finite:
        return _empty(axes)
    reached = [end for bar in finite for end in (0.0, bar.value, bar.low, bar.high) if end is not None]
    height = _TOP + _ROW * len(drawn) + _BOTTOM
    x = _Scale.over(reached, start=_NAMES, end=_WIDTH - _RIGHT)
    grid = [part for tick in x.ticks() for part in _vertical(x, tick, bottom=height - _BOTTOM)]
    rows = [part for at, bar in enumerate(drawn) for part in _bar(bar, x, top=_TOP + _ROW * at)]
    return _svg(axes, [*grid, *rows, *_titles(Axes(x=axes.x), _NAMES, height)], height)


def histogram(values: Sequence[float], axes: Axes, *, bins: int = 24) -> Html:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return _empty(axes)
    low, high = min(finite), max(finite)
    step = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in finite:
        counts[min(bins - 1, int((value - low) / step))] += 1
    ground = _Ground.around([low, low + step * bins], [0.0, float(max(counts))])
    columns = [_column(ground, low + step * at, step, count) for at, count in enumerate(counts) if count]
    return _svg(axes, [*ground.drawn(axes), *columns], ground.height)


@dataclass(frozen=True)
class _Scale:
    """Values from `low` to `high` as places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], *, start: float, end: float) -> "_Scale":
        """Begins and ends on a tick."""
        low, high = min(values), max(values)
        if low == high:
            around = max(0.5, 1e-3 * abs(low))
            low, high = low - around, high + around
        step = _step(high - low)
        return cls(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, start, end)

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        return [step * at for at in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class _Ground:
    x: _Scale
    y: _Scale
    height: float

    @classmethod
    def around(cls, xs: Sequence[float], ys: Sequence[float], *, legend_lines: int = 0) -> "_Ground":
        top = _TOP + _LEGEND * legend_lines
        height = _HEIGHT + _LEGEND * legend_lines
        return cls(
            _Scale.over(xs, start=_LEFT, end=_WIDTH - _RIGHT), _Scale.over(ys, start=height - _BOTTOM, end=top), height
        )

    def drawn(self, axes: Axes) -> Iterator[str]:
        for tick in self.x.ticks():
            yield from _vertical(self.x, tick, top=self.y.end, bottom=self.y.start)
        for tick in self.y.ticks():
            at = self.y(tick)
            yield _rule(_LEFT, at, _WIDTH - _RIGHT, at)
            yield _word(_number(tick), _LEFT - 8, at + 4, anchor="end")
        yield from _titles(axes, _LEFT, self.height)


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten."""
    rough = span / (_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))


def _path(line: Line, ground: _Ground) -> str:
    drawn, pen = [], "M"
    for x, y in zip(line.x, line.y, strict=True):
        if math.isfinite(x) and math.isfinite(y):
            drawn.append(f"{pen}{ground.x(x):.1f} {ground.y(y):.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(drawn)


def _diagonal(ground: _Ground) -> Iterator[str]:
    low, high = ground.x.low, ground.x.high
    ends = f'x1="{ground.x(low):.1f}" y1="{ground.y(low):.1f}" x2="{ground.x(high):.1f}" y2="{ground.y(high):.1f}"'
    yield f'<line {ends} stroke="var(--faint)" stroke-dasharray="4 4"/>'


def _bar(bar: Bar, x: _Scale, *, top: float) -> Iterator[str]:
    middle = top + _ROW / 2
    yield _word(bar.name, _NAMES - 10, middle + 4, anchor="end", room=_NAMES - 14)
    if not math.isfinite(bar.value):
        return
    left, right = sorted((x(0.0), x(bar.value)))
    size = f'width="{right - left:.1f}" height="{_ROW - 10}"'
    yield f'<rect x="{left:.1f}" y="{top + 5:.1f}" {size} fill="{_colour(0)}" opacity="0.6"><title>{_said(bar)}</title></rect>'
    if bar.low is not None and bar.high is not None:
        yield _rule(x(bar.low), middle, x(bar.high), middle, colour="var(--ink)")
        for end in (bar.low, bar.high):
            yield _rule(x(end), middle - 4, x(end), middle + 4, colour="var(--ink)")


def _said(bar: Bar) -> str:
    between = "" if bar.low is None or bar.high is None else f" ({_number(bar.low)} to {_number(bar.high)})"
    return escape(f"{bar.name}: {_number(bar.value)}{between}")


def _column(ground: _Ground, low: float, step: float, count: int) -> str:
    left, right, top = ground.x(low), ground.x(low + step), ground.y(count)
    size = f'width="{max(1.0, right - left - 1):.1f}" height="{ground.y(0) - top:.1f}"'
    return f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{_colour(0)}"/>'


def _legend(names: Sequence[str]) -> list[str]:
    """Each entry is an element with as many lines as it takes."""
    rows, left = [""], float(_LEFT)
    for at, name in enumerate(names):
        width = 34 + _LETTER * len(name)
        if left + width > _WIDTH and left > _LEFT:
            rows.append("")
            left = float(_LEFT)
        line = _LEGEND * len(rows) - 8
        mark = _rule(left, line, left + 16, line, colour=_colour(at), width=3)
        rows[-1] += mark + _word(name, left + 22, line + 4)
        left += width
    return rows


def _vertical(x: _Scale, tick: float, *, bottom: float, top: float = _TOP) -> Iterator[str]:
    at = x(tick)
    yield _rule(at, top, at, bottom)
    yield _word(_number(tick), at, bottom + 16, anchor="middle")


def _titles(axes: Axes, left: float, height: float) -> Iterator[str]:
    if axes.x:
        yield _word(axes.x, (left + _WIDTH - _RIGHT) / 2, height - 8, anchor="middle")
    if axes.y:
        middle = (height - _BOTTOM + _TOP) / 2
        yield f'<g transform="translate(14 {middle:.1f}) rotate(-90)">{_word(axes.y, 0, 0, anchor="middle")}</g>'


def _rule(x1: float, y1: float, x2: float, y2: float, *, colour: str = "var(--line)", width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def _word(words: str, x: float, y: float, *, anchor: str = "start", room: float = math.inf) -> str:
    shown = words if len(words) * _LETTER <= room else words[: int(room / _LETTER) - 1] + "…"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--faint)">{escape(shown)}</text>'


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _colour(at: int) -> str:
    return f"var(--c{at % _COLOURS})"


def _empty(axes: Axes) -> Html:
    return _svg(axes, [_word("Nothing to draw.", _WIDTH / 2, 30, anchor="middle")], 50)


def _svg(axes: Axes, parts: Sequence[str], height: float) -> Html:
    label = escape(" over ".join(part for part in (axes.y, axes.x) if part))
    return Html(
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{label}" font-size="12.5"'
        ' font-family="system-ui, sans-serif">\n' + "\n".join(parts) + "\n</svg>"
    )
