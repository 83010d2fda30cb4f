"""What has to be there after a power cut."""

import os
from pathlib import Path


def to_disk(path: Path) -> None:
    """A file's content, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
