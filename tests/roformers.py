"""Seeded weights for RoFormers, drawn key by key as tests/golden/README.md says."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.golden_rule import filled
from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import RoformerConfig
from vocalverse.separate.networks.roformer import Roformer


def seeded(config: RoformerConfig, name: str) -> Roformer:
    network = build(config.architecture, configs.to_config(config))
    assert isinstance(network, Roformer)
    return filled(network, name)


def agreement_db(reference: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """How far the difference lies below the reference."""
    reference, other = reference.astype(np.float64), other.astype(np.float64)
    return float(10 * np.log10((reference**2).sum() / ((reference - other) ** 2).sum()))
