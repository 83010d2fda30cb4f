"""What has to be installed before anything is heard."""

from importlib.util import find_spec

_PACKAGES = ("torch", "safetensors", "scipy", "soxr", "swift_f0")


def missing_packages() -> tuple[str, ...]:
    """None of them is loaded."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)
