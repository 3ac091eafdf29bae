"""What a Trainer may ask of a module that restores a folder."""

from typing import Any

from pytorch_lightning import Callback, LightningModule

from rsi.callbacks.needed import add_needed
from rsi.errors import InputError
from rsi.log import tell_once
from rsi.training.refusals import check_trainer

ON_MPS = (
    "rsi was never run on Apple's MPS: what MPS lacks is computed on the CPU, and --accelerator cpu of rsi restore, "
    "--trainer.accelerator cpu of rsi fit, does without it"
)


class FolderModule(LightningModule):
    """A LightningModule for which an epoch is a folder; what it goes on from is kept beside the results.

    Lightning's checkpoints hold neither networks nor images.
    """

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def configure_callbacks(self) -> list[Callback]:
        """Refuse a Trainer that images cannot be restored with, and give it what it lacks for one epoch.

        This is the first hook that Lightning calls, before it has advice of its own on arguments that cannot be met and
        before a strategy's processes wait for each other.

        Raises:
            InputError: See :func:`rsi.training.refusals.check_trainer`.
        """
        check_trainer(self.trainer)
        add_needed(self.trainer)
        if self.trainer.max_epochs != 0:
            self.trainer.fit_loop.max_epochs = self.trainer.current_epoch + 1
        return []

    def on_fit_start(self) -> None:
        """Say of Apple's MPS that nobody has tried it."""
        if self.device.type == "mps":
            tell_once(ON_MPS)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out networks, latents and optimisers."""
        checkpoint["state_dict"] = {}
        checkpoint["optimizer_states"] = []

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002 - Lightning's signature
        """Refuse to go on from a checkpoint of Lightning's.

        Raises:
            InputError: Always.
        """
        raise InputError(
            "a checkpoint of Lightning's holds nothing of an image, leave ckpt_path out: with the same output_dir a "
            "run restores what is missing, and with rsi.callbacks.BatchCheckpoint it goes on in the middle of a batch"
        )
