"""What can be set when the embedded domain is remade."""

from dataclasses import dataclass
from pathlib import Path

from examples.avatars.attributes import RESOLUTION, Z_DIM
from rsi.generators import StyleGAN2Architecture

ARCHITECTURE = StyleGAN2Architecture(
    z_dim=Z_DIM,
    c_dim=0,
    w_dim=128,
    img_resolution=RESOLUTION,
    mapping_layers=4,
    channel_base=2048,
    channel_max=128,
)
LICENSE = "CC-BY-4.0 (ToonHead by Johan Melin)"
HELD_OUT = 2**31  # number of the first face held out; those trained on are numbered from 0
CLEAN = HELD_OUT + 10_000  # number of the first face for rsi benchmark, which no stage reads


@dataclass(frozen=True)
class Settings:
    """Where to work and how long to train; the defaults take about an hour on two cores.

    Attributes:
        output_dir: Faces, checkpoints and weights go here; a later run goes on from what it finds.
        faces: Faces to train on.
        held_out: Faces to measure the networks on, which none is trained on.
        clean: Faces for ``rsi benchmark``, others than those above.
        workers: Faces are drawn by so many processes at once; by default one a core.
        perceptual_epochs: Of 4,096 faces, 64 in a step.
        judge_epochs: Of 4,096 faces, 32 in a step.
        synthesis_epochs: Of 4,096 faces, 8 in a step.
        mapping_epochs: Of 409,600 fresh latent vectors, 1,024 in a step.
        precision: Lightning's; ``32-true`` where the processor has no arithmetic of 16 bits.
    """

    output_dir: Path
    faces: int = 60_000
    held_out: int = 256
    clean: int = 20
    workers: int | None = None
    perceptual_epochs: int = 24
    judge_epochs: int = 24
    synthesis_epochs: int = 35
    mapping_epochs: int = 40
    precision: str = "bf16-mixed"

    @property
    def perceptual_file(self) -> Path:
        """The perceptual network, as ``rsi fit --perceptual`` reads it."""
        return self.output_dir / "perceptual.safetensors"

    @property
    def judge_file(self) -> Path:
        """The judge, as :class:`rsi.perceptual.JudgeDistance` reads it."""
        return self.output_dir / "judge.safetensors"

    @property
    def generator_file(self) -> Path:
        """The generator, as ``rsi fit --generator`` reads it."""
        return self.output_dir / "avatars128.safetensors"
