"""Spectrograms of a recording before and after, one below the other on the same axes, as one picture."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vocalverse.audio.waveform import Samples

_Array = npt.NDArray[np.float32]

_BACKGROUND, _INK = "#ffffff", "#222222"
_LEFT, _RIGHT, _TOP, _GAP, _BOTTOM = 56, 84, 26, 30, 40  # around the panels, in pixels
_TEXT = 13
_BAR = 14  # the colour bar's width
# Black over violet and orange to light yellow: twice as bright looks twice as bright, also in grey and to the
# colour-blind. Stops of matplotlib's "inferno" (CC0).
_STOPS = (
    (0, 0, 4),
    (22, 11, 57),
    (66, 10, 104),
    (106, 23, 110),
    (147, 38, 103),
    (188, 55, 84),
    (221, 81, 58),
    (243, 120, 25),
    (252, 165, 10),
    (246, 215, 70),
    (252, 255, 164),
)
_SILENCE_DB = -60.0  # a sine's level against full scale: where all is softer, it shows as soft
_LONG_S = 120.0  # from here on people think in minutes
_DASHES = str.maketrans("–—’", "--'")
_LABELLED_HZ = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200)


@dataclass(frozen=True)
class PictureOptions:
    """Sizes in pixels, without what stands around the panels."""

    width: int = 1100
    height: int = 210  # of one panel
    lowest_hz: float = 55.0
    highest_hz: float = 16_000.0
    range_db: float = 75.0  # below the loudest place of all panels everything is black
    window: int = 4096  # samples
    windows_per_column: int = 3  # averaged, where a column stands for longer than a window


@dataclass(frozen=True)
class Panel:
    title: str
    samples: Samples  # [frames, channels]


DEFAULT = PictureOptions()


def draw(panels: Sequence[Panel], sample_rate_hz: int, options: PictureOptions = DEFAULT) -> Image.Image:
    """All panels share their axes and their colours: what is darker below has become softer."""
    frames = max(len(panel.samples) for panel in panels)
    levels = [_levels_db(panel.samples, frames, sample_rate_hz, options) for panel in panels]
    loudest_db = max(_SILENCE_DB, *(float(level.max()) for level in levels))
    step = options.height + _GAP
    size = (_LEFT + options.width + _RIGHT, _TOP + step * len(panels) - _GAP + _BOTTOM)
    picture = Image.new("RGB", size, _BACKGROUND)
    canvas = _Canvas(picture, options, frames / sample_rate_hz)
    for at, (panel, level) in enumerate(zip(panels, levels, strict=True)):
        shade = np.clip((level - loudest_db) / options.range_db + 1, 0, 1)
        canvas.panel(panel.title, _TOP + at * step, _coloured(shade), last=at == len(panels) - 1)
    canvas.colours(_TOP, _TOP + step * len(panels) - _GAP)
    return picture


def _levels_db(samples: Samples, frames: int, sample_rate_hz: int, options: PictureOptions) -> _Array:
    """[height, width], the highest frequency first; -inf never, however silent."""
    filters = _filters(sample_rate_hz, options)
    window = np.hanning(options.window).astype(np.float32)
    window *= 2 / window.sum()  # a sine of full scale is 0 dB
    columns = [
        np.square(np.abs(np.fft.rfft(windows * window, axis=-1))).mean(axis=0)
        for windows in _columns(samples, frames, options)
    ]
    power = filters @ np.stack(columns, axis=1).astype(np.float32)
    level: _Array = (10 * np.log10(power + 1e-15)).astype(np.float32)
    return level[::-1]


def _columns(samples: Samples, frames: int, options: PictureOptions) -> Iterator[_Array]:
    """For each pixel the windows [windows, samples] around its moment; silence lies beyond both ends."""
    per_column = frames / options.width
    count = max(1, min(options.windows_per_column, round(per_column / options.window * 2)))
    for column in range(options.width):
        centres = (column + (np.arange(count) + 0.5) / count) * per_column
        yield np.stack([_cut(samples, round(centre) - options.window // 2, options.window) for centre in centres])


def _cut(samples: Samples, start: int, length: int) -> _Array:
    there = samples[max(start, 0) : max(start + length, 0)].mean(axis=1)
    before = max(-start, 0)
    return np.pad(there, (before, length - before - len(there))) if len(there) < length else there


def _filters(sample_rate_hz: int, options: PictureOptions) -> _Array:
    """[height, bins]: triangles on a logarithmic axis, never narrower than the distance of two bins."""
    edges = np.geomspace(options.lowest_hz, options.highest_hz, options.height)
    bins_hz = np.fft.rfftfreq(options.window, 1 / sample_rate_hz)
    half = np.maximum(np.gradient(edges), bins_hz[1])
    weights = np.maximum(0.0, 1 - np.abs(bins_hz - edges[:, None]) / half[:, None])
    filters: _Array = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return filters


def _coloured(shade: _Array) -> npt.NDArray[np.uint8]:
    """0..1 to RGB."""
    stops = np.array(_STOPS, np.float32)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(shade, at, stops[:, channel]) for channel in range(3)], axis=-1).astype(np.uint8)


class _Canvas:
    """Panels with their axes."""

    def __init__(self, picture: Image.Image, options: PictureOptions, duration_s: float) -> None:
        self._picture, self._options, self._duration_s = picture, options, duration_s
        self._draw = ImageDraw.Draw(picture)
        self._font = ImageFont.load_default(_TEXT)

    def panel(self, title: str, top: int, pixels: npt.NDArray[np.uint8], *, last: bool) -> None:
        options = self._options
        self._picture.paste(Image.fromarray(pixels), (_LEFT, top))
        self._draw.rectangle((_LEFT - 1, top - 1, _LEFT + options.width, top + options.height), outline=_INK)
        self._write(_LEFT, top - 5, self._fitting(title), "ls")
        span = math.log(options.highest_hz / options.lowest_hz)
        for hz in _LABELLED_HZ:
            if options.lowest_hz < hz < options.highest_hz:
                y = top + round(options.height * (1 - math.log(hz / options.lowest_hz) / span))
                self._draw.line((_LEFT - 5, y, _LEFT - 2, y), fill=_INK)
                self._write(_LEFT - 8, y, f"{hz / 1000:g}", "rm")
        self._write(_LEFT - 8, top - 5, "kHz", "rs")
        for second in self._seconds():
            x = _LEFT + round(options.width * second / self._duration_s)
            bottom = top + options.height
            self._draw.line((x, bottom + 1, x, bottom + 4), fill=_INK)
            if last:
                self._write(x, bottom + 18, self._moment(second), "ms")
        if last:
            self._write(_LEFT + options.width + 24, top + options.height + 18, "min" if self._long else "s", "ls")

    def colours(self, top: int, bottom: int) -> None:
        """What the colours stand for."""
        left = _LEFT + self._options.width + 18
        shade = np.linspace(1, 0, bottom - top, dtype=np.float32)[:, None].repeat(_BAR, axis=1)
        self._picture.paste(Image.fromarray(_coloured(shade)), (left, top))
        self._draw.rectangle((left - 1, top - 1, left + _BAR, bottom), outline=_INK)
        for db in range(0, int(self._options.range_db) + 1, 20):
            y = top + round((bottom - top) * db / self._options.range_db)
            self._draw.line((left + _BAR + 1, y, left + _BAR + 4, y), fill=_INK)
            self._write(left + _BAR + 8, y, f"-{db}" if db else "0 dB", "lm")

    @property
    def _long(self) -> bool:
        return self._duration_s >= _LONG_S

    def _moment(self, second: float) -> str:
        return f"{int(second // 60)}:{second % 60:02.0f}" if self._long else f"{second:g}"

    def _fitting(self, title: str) -> str:
        """As wide as a panel at most, in letters that the font has: those without their accents, and no others."""
        plain = unicodedata.normalize("NFKD", title.translate(_DASHES))
        bare = (letter for letter in plain if not unicodedata.combining(letter))
        title = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in bare)
        if self._font.getlength(title) <= self._options.width:
            return title
        while self._font.getlength(f"{title}...") > self._options.width:
            title = title[:-1]
        return f"{title}..."

    def _seconds(self) -> Iterator[float]:
        step = next((step for step in _STEPS_S if self._duration_s / step <= 12), self._duration_s / 10)
        for number in range(int(self._duration_s / step + 1e-9) + 1):
            yield round(number * step, 6)

    def _write(self, x: float, y: float, text: str, anchor: str) -> None:
        self._draw.text((x, y), text, fill=_INK, font=self._font, anchor=anchor)
