"""What happens to a recording between its bytes and its assessment."""

from vocalverse.assess.recording import AssessOptions, Assessor, Take, assess, open_assessor
from vocalverse.assess.workshop import Workshop

__all__ = ["AssessOptions", "Assessor", "Take", "Workshop", "assess", "open_assessor"]
