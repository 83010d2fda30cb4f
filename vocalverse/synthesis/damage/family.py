"""Who may hear what is made: faults come in two families, by algorithm."""

from enum import StrEnum


class Generator(StrEnum):
    """What is reported of a judge comes from generators that neither its training nor any threshold has heard."""

    TRAIN = "train"
    REPORT = "report"
