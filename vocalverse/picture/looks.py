"""How the page looks, by day and by night: what is drawn in the house's colours has another for each in the dark."""

from vocalverse.measure.picture import colours
from vocalverse.measure.spots import Spot

_DARK = {
    colours.BACKGROUND: "#16181c",
    colours.INK: "#e6e8ec",
    colours.GREY: "#9aa1ad",
    colours.PALE: "#4a505b",
    colours.GRID: "#2a2e35",
    colours.BLACK_KEYS: "#1b1e23",
    colours.WRITTEN: "#3a404b",
    colours.FINE: "#c4a1ee",
    colours.NEAR: "#f2a53a",
    colours.OFF: "#f4727c",
    colours.FREE: "#8b93a3",
    colours.TINTS[Spot.FINE]: "#3e2f55",
    colours.TINTS[Spot.NEAR]: "#4d3a17",
    colours.TINTS[Spot.OFF]: "#552a2e",
    colours.TINTS[Spot.FREE]: "#33373f",
    colours.MISSED: "#331c1e",
    colours.SWING: "#e07fca",
    colours.AIR: "#5cc3d6",
    colours.RAISED: "#74aef0",
    colours.LOWERED: "#f09a63",
    colours.BAND: "#7d69a0",
    colours.BAND_TINT: "#2f2740",
}
_REPAINTED = "\n".join(
    f'svg [fill="{day}"] {{ fill: {night}; }} svg [stroke="{day}"] {{ stroke: {night}; }}'
    for day, night in _DARK.items()
)

STYLE = f"""
:root {{ --fine: {colours.FINE}; --up: {colours.RAISED}; --down: {colours.LOWERED}; --span: {colours.PALE}; }}
.scores {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2.5rem; }}
.whole {{ grid-row: span 2; }} .scores p {{ margin: .5rem 0; }}
.overall {{ display: flex; align-items: center; gap: .8rem; color: var(--faint); line-height: 1.35; }}
.overall strong {{ font-size: 3.6rem; font-weight: 500; line-height: 1; color: var(--ink); }}
h2 {{ display: flex; align-items: baseline; gap: .6rem; margin: 1.2rem 0 .4rem; font-weight: 500; }}
h2 span {{ margin-left: auto; color: var(--faint); font-size: .85rem; }} h2 b {{ font-size: 1.4rem; font-weight: 500; }}
.bar {{ position: relative; height: 7px; border-radius: 4px; background: var(--line); margin: .3rem 0 .7rem; }}
.bar i {{ position: absolute; height: 7px; border-radius: 4px; background: var(--faint); opacity: .45; }}
.bar b {{ position: absolute; top: -3px; width: 3px; height: 13px; margin-left: -1.5px; background: var(--fine); }}
.signs {{ list-style: none; padding: 0; margin: .4rem 0; color: var(--faint); font-size: .9rem; }}
.signs li {{ display: flex; gap: .5rem; align-items: baseline; margin: .2rem 0; }}
.signs b {{ flex: none; width: 1.25rem; height: 1.25rem; line-height: 1.25rem; text-align: center; font-size: .75rem;
  font-weight: 600; color: var(--paper); background: var(--up); border-radius: 50%; }}
.signs b.down {{ background: var(--down); border-radius: 3px; }}
.radar svg {{ max-width: 27rem; margin: 0 auto; }}
.ribbon {{ margin-top: 1.5rem; }} .ribbon svg {{ max-width: none; min-width: 58rem; }}
details {{ margin: 1.5rem 0; }} summary {{ cursor: pointer; color: var(--faint); }}
@media (prefers-color-scheme: dark) {{
:root {{ --fine: {_DARK[colours.FINE]}; --up: {_DARK[colours.RAISED]}; --down: {_DARK[colours.LOWERED]}; }}
{_REPAINTED} }}
"""
