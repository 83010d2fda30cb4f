"""What a process holds and has held, as Linux counts it; getrusage would count its parent's past as well."""

from pathlib import Path


def resident_mb(pid: int | str = "self") -> float:
    return _status_mb(pid, "VmRSS:")


def peak_mb(pid: int | str = "self") -> float:
    return _status_mb(pid, "VmHWM:")


def _status_mb(pid: int | str, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith(field))
