"""Restore images in the actors of Ray Data: ``python ray_restore.py imgs/ restored/ --actors 2``.

Needs ``pip install 'ray[data]'``. An image is written whole, and its file says that it is done: what an actor had in
hand when it died is given to another, and the same command again does what is missing.
"""

import argparse
from pathlib import Path
from typing import Any

import ray

import rsi
from rsi.storage.atomic import atomic_path


class Restorer:
    """Reads the networks once, in its actor, and restores batches of files.

    Args:
        output_dir: Where the results go; one that all machines see.
        degradation: What happened to the images, as of :func:`rsi.restore`.
        steps: Steps in W and in W+; the paper has 150 in each of three phases.
    """

    def __init__(self, output_dir: str, degradation: str, steps: int) -> None:
        self.output_dir, self.degradation = Path(output_dir), degradation
        self.schedule = [rsi.Phase("W", steps, 0.08), rsi.Phase("W+", steps, 0.02)]

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """What became of each of the files in ``path``."""
        return {"path": list(batch["path"]), "said": [self.restore(Path(path)) for path in batch["path"]]}

    def restore(self, path: Path) -> str:
        """Restore a file that is not restored yet; in words."""
        result = self.output_dir / f"{path.name}.png"
        if result.exists():
            return "was restored before"
        try:
            restored = rsi.restore(path, self.degradation, schedule=self.schedule)
        except rsi.InputError as error:
            return f"failed: {error}"
        with atomic_path(result) as part:
            restored.image.save(part, "png")
        return f"restored, fidelity {restored.fidelity:.3f}"


def main() -> int:
    """Restore a folder; 1 if some image could not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target_dir", type=Path)
    parser.add_argument("output_dir", type=Path)
    parser.add_argument("--degradation", default="jpeg")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--gpus", type=float, default=0, help="of each actor; a half lets two share one")
    parser.add_argument("--batch_size", type=int, default=4, help="files that are given to an actor at once")
    chosen = parser.parse_args()
    output_dir = chosen.output_dir.resolve()
    output_dir.mkdir(parents=True, exist_ok=True)
    files = [str(path.resolve()) for path in sorted(chosen.target_dir.iterdir()) if path.is_file()]
    results = ray.data.from_items([{"path": path} for path in files]).map_batches(
        Restorer,
        fn_constructor_args=(str(output_dir), chosen.degradation, chosen.steps),
        compute=ray.data.ActorPoolStrategy(size=chosen.actors),
        batch_size=chosen.batch_size,
        num_gpus=chosen.gpus,
    )
    failed = 0
    for row in results.iter_rows():
        print(f"{Path(row['path']).name}: {row['said']}", flush=True)
        failed += row["said"].startswith("failed")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
