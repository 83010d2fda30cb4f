"""Words that have only so much room."""

from collections.abc import Iterator

from vocalverse.measure.picture.letters import Letters


def fitting(text: str, size: int, width: float, letters: Letters) -> str:
    if letters.width(text, size) <= width:
        return text
    while text and letters.width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, size: int, width: float, letters: Letters) -> Iterator[str]:
    """Line by line; a word that is wider than a line is cut."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".lstrip()
        if line and letters.width(longer, size) > width:
            yield line
            longer = word
        line = fitting(longer, size, width, letters)
    if line:
        yield line
