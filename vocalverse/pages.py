"""Reports as one HTML file that needs nothing else: no script, no font, no picture from elsewhere, light and dark."""

from collections.abc import Mapping, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --paper: #fff; --faint: #6b7280; --line: #d5d9e0; --stripe: #f5f6f8;
  --c0: #2563a8; --c1: #c2571a; --c2: #2f8a57; --c3: #8a4fb5; --c4: #b08900; --c5: #b83b5e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ec; --paper: #16181c; --faint: #9aa1ad; --line: #3a3f48;
  --stripe: #1e2126; --c0: #74aef0; --c1: #f09a63; --c2: #6fce98; --c3: #c79bea; --c4: #e3c04b; --c5: #f08aa6; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--faint); } td.number, th.number { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--stripe); }
figure { margin: 1rem 0; } figcaption { color: var(--faint); font-size: .9rem; }
svg { display: block; width: 100%; max-width: 44rem; height: auto; }
"""


class Html(str):
    """Is HTML already, and is not escaped again. All other text is."""

    __slots__ = ()


def page(title: str, *body: Html, style: str = "") -> str:
    """`style` is CSS of a page's own, behind that of all."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def heading(words: str, *, level: int = 2) -> Html:
    return Html(f"<h{level}>{_inner(words)}</h{level}>")


def paragraph(words: str) -> Html:
    return Html(f"<p>{_inner(words)}</p>")


def figure(drawing: Html, caption: str) -> Html:
    return Html(f"<figure>\n{drawing}\n<figcaption>{_inner(caption)}</figcaption>\n</figure>")


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> Html:
    """A column stands to the right where all that it holds are numbers."""
    numeric = {name for name in columns if all(_is_number(row.get(name)) for row in rows)}
    head = "".join(_cell("th", name.replace("_", " "), numeric=name in numeric) for name in columns)
    lines = ["".join(_cell("td", row.get(name), numeric=name in numeric) for name in columns) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return Html(f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>')


def _cell(tag: str, value: object, *, numeric: bool) -> str:
    kind = ' class="number"' if numeric else ""
    return f"<{tag}{kind}>{_inner(value)}</{tag}>"


def _inner(value: object) -> str:
    match value:
        case Html():
            return value
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
    return escape(str(value))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
