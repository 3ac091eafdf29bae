"""How many images fit in memory."""

from pytorch_lightning import Trainer

from rsi.data.batches import Step
from rsi.data.target import Target
from rsi.log import tell
from rsi.memory import PeakMemory, free_memory, is_out_of_memory
from rsi.method import RestorationMethod
from rsi.phases import phase_starts

MEGABYTE = 10**6


def largest_batch(trainer: Trainer, module: RestorationMethod, target: Target, images: int) -> int:
    """How many images as large as this one can be restored at once.

    The first step of every phase is taken with one and with two copies of the image; the peaks of memory tell what an
    image needs and what all need together.

    Args:
        trainer: The trainer, whose optimisers are set up by the steps.
        module: The method; its batch in progress is replaced.
        target: An image.
        images: How many there are; more at once are of no use.

    Raises:
        InputError: The system does not tell how much memory there is.
    """
    device = trainer.strategy.root_device
    processes = trainer.num_devices if device.type == "cpu" else 1
    try:
        _peak(trainer, module, [target])  # what is allocated but once is not to be counted
        free = free_memory(device, processes)
        one = _peak(trainer, module, [target])
        two = _peak(trainer, module, [target] * 2)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return 1
    each = max(two - one, two // 4, 1)  # a small difference is no measurement
    size = max(1, min(images, 2 + (free - two) // each))
    tell(f"batch size {size}: {each // MEGABYTE} MB an image, {free // MEGABYTE} MB to use")
    return size


def _peak(trainer: Trainer, module: RestorationMethod, targets: list[Target]) -> int:
    """The peak of memory in bytes while every phase of a batch is begun and ended."""
    with PeakMemory(trainer.strategy.root_device) as memory:
        module.start_batch(targets)
        for index, phase in phase_starts(module.schedule).items():
            module.start_phase(phase)
            trainer.strategy.setup_optimizers(trainer)
            module.training_step(Step(tuple(targets), index), 0)
            module.end_phase(phase)
        module.fidelity()
    return memory.bytes
