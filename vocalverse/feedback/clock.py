"""Where in a recording something is, as clocks tell it."""


def moment(from_s: float, to_s: float) -> str:
    """0:41–0:45."""
    start, end = clock(from_s), clock(to_s)
    return start if start == end else f"{start}–{end}"


def clock(at_s: float) -> str:
    minutes, seconds = divmod(round(max(0.0, at_s)), 60)
    return f"{minutes}:{seconds:02d}"
