"""How long and how fast is learnt."""

from dataclasses import dataclass

from vocalverse.errors import BadInput


@dataclass(frozen=True)
class Recipe:
    """A run is a function of this, the manifest and the network's start."""

    steps: int = 2000
    batch: int = 4
    samples: int = 255 * 1024  # of each excerpt, about 6 s: 256 frames of the U-Nets, whose halvings divide it
    learning_rate: float = 3e-4  # what was trained before learns slowly; a new RoFormer takes more
    weight_decay: float = 0.0
    warm_up_steps: int = 60
    cool_down_share: float = 0.8  # of the steps, at the end, while the rate falls to nothing
    longest_gradient: float = 5.0
    seed: int = 20

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.samples < 8192:
            raise BadInput("A run takes at least one step of one excerpt of 8192 samples.")

    def rate_at(self, step: int) -> float:
        """Up in a straight line, level, and down in a straight line: a run can be made longer until it cools down."""
        cooling = max(1, round(self.steps * self.cool_down_share))
        up = min(1.0, (step + 1) / max(1, self.warm_up_steps))
        down = min(1.0, (self.steps - step) / cooling)
        return self.learning_rate * min(up, down)
