"""A method of your own: Adam on the squared error in W."""

# --8<-- [start:method]
from torch import Tensor
from torch.optim import Adam, Optimizer

from rsi.callbacks import Stage
from rsi.methods.batch import Observation
from rsi.methods.generator_based import GeneratorMethod


class PlainInversion(GeneratorMethod[None]):
    """Minimises the squared error of the degraded image to the target over one code per image."""

    method = "plain"

    def __init__(self, generator: str = "avatars128", degradation: str = "jpeg", steps: int = 100) -> None:
        super().__init__(generator, degradation, None, [Stage("W", steps)], {"steps": steps})

    def prepare(self, observation: Observation) -> None:
        """Nothing."""

    def initial_variables(self, observation: Observation, prepared: None) -> dict[str, Tensor]:  # noqa: ARG002
        """Every image at the mean code."""
        return {"w": self.generator.w_avg.expand(len(observation.targets), -1).clone()}

    def make_optimizer(self) -> Optimizer:
        """Adam."""
        return Adam([self.batch.variables["w"]], lr=0.01)

    def latent(self) -> dict[str, Tensor]:
        """The codes."""
        return {"codes": self.batch.variables["w"]}

    def losses(self, step: int) -> dict[str, Tensor]:
        """The mean squared error of each image."""
        error = self.predict_degraded(step) - self.batch.observation.observed
        return {"total": error.square().mean((1, 2, 3))}


# --8<-- [end:method]
