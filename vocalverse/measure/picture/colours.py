"""The house's colours: ink on white, and bright stops of the map that spectrograms have. Told apart by their lightness too."""

from vocalverse.measure.spots import Spot

BACKGROUND = "#ffffff"
INK = "#222222"
GREY = "#6f7480"
PALE = "#c4c9d2"
GRID = "#e9ebef"
BLACK_KEYS = "#f6f7f9"
WRITTEN = "#d3d7df"  # notes of the song

FINE, NEAR, OFF, FREE = "#42136c", "#f0930f", "#cf2f3c", "#5f6675"
SPOTS = {Spot.FINE: FINE, Spot.NEAR: NEAR, Spot.OFF: OFF, Spot.FREE: FREE}
TINTS = {Spot.FINE: "#cfc3de", Spot.NEAR: "#fbdfb3", Spot.OFF: "#f4c0c3", Spot.FREE: "#dfe2e7"}

MISSED = "#fdeeee"
SWING = "#93267a"  # vibrato and ornaments
AIR = "#2b8fa3"

RAISED, LOWERED = "#2563a8", "#b8561b"  # what evidence did to a score
BAND, BAND_TINT = "#9b86bd", "#e6dff0"  # what a score may lie between
