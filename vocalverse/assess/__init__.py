"""What happens to a recording between its bytes and its assessment."""

from vocalverse.assess.recording import AssessOptions, Assessor, Take, Workshop, assess, open_assessor

__all__ = ["AssessOptions", "Assessor", "Take", "Workshop", "assess", "open_assessor"]
