"""The published size of MuQ gives what the public package gave on the same 316 million weights."""

import numpy as np
import torch

from tests.golden_rule import arrays, filled
from vocalverse.models.encoders.muq import decibels
from vocalverse.models.encoders.muq_net import Muq, MuqSize


@torch.inference_mode()
def test_the_large_ones_states_are_the_public_packages():
    golden = arrays("muq_large")
    network = filled(Muq(MuqSize()), "muq_large", prefix="model.")
    mel = (decibels(torch.from_numpy(arrays("muq_small")["audio"])) - 6.768444971712967) / 18.417922652295623
    states = [state[0].numpy() for state in network.states(mel[None])]
    assert len(states) == golden["n_hidden_states"]
    assert np.abs(states[golden["mid_index"]] - golden["mid"]).max() < 1e-4
    assert np.abs(states[-1] - golden["last"]).max() < 1e-4
