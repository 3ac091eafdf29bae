"""Writes results as soon as a batch is done."""

import math
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image
from pytorch_lightning import LightningModule, Trainer

from rsi.callbacks.base import RestorationCallback, RestoredTarget, Run, StepTaken
from rsi.data.pictures import to_map, to_picture
from rsi.errors import InputError
from rsi.log import tell
from rsi.results import layout
from rsi.results.folder import ResultFolder
from rsi.results.foreign import refuse_foreign_files
from rsi.results.records import FAILED, MISSING, RESTORED, STOPPED, Row
from rsi.storage.location import absolute


class ResultWriter(RestorationCallback):
    """Writes every restored image, its comparison picture, fidelity map and final latent, and ``results.csv``.

    Every file is written under a temporary name and renamed when it is whole. A file that rsi did not write is never
    replaced unless that is asked for, and one that the run reads never is.

    Args:
        output_dir: Where the results go.
        overwrite: Restore everything anew, also where the folder holds results of other settings.
        views: Write comparison pictures and fidelity maps.
        latents: Write the final latents; with W++ codes they are the largest of all files.
    """

    def __init__(
        self, output_dir: str = "restored", overwrite: bool = False, views: bool = True, latents: bool = True
    ) -> None:
        self.folder = ResultFolder(output_dir)
        self.overwrite = overwrite
        self.views = views
        self.latents = latents
        self._failures_noted = 0

    def run_begins(self, run: Run) -> None:
        """Claim the folder.

        Raises:
            InputError: The folder holds the targets, files that rsi did not write or results of other settings, or
                cannot be written.
        """
        if absolute(self.folder.path) == absolute(run.folder.target_dir):
            raise InputError(
                f"results would replace the images in {run.folder.target_dir}: choose another --output_dir"
            )
        share = run.folder.share(run.rank, run.world_size)
        images = ((image.name, image.output) for image in share if not image.hides_folder)
        refuse_foreign_files(self.folder, images, run.folder.reader.folders, overwrite=self.overwrite)
        settings = {**run.settings, **run.folder.settings, "precision": run.precision}
        self.folder.claim(settings, overwrite=self.overwrite, rank=run.rank)

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Make sure that the folder is still there, so that none is begun without settings.

        Raises:
            InputError: It is not.
        """
        self.folder.check_there()

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Write what was not finished before."""
        finished = run.folder.finished
        for image in images:
            if finished is None or image.target.name not in finished:
                self._save(image, () if finished is None else finished.changed.pop(image.target.name, ()))
        self._note_failures(run)
        if run.rank == 0 and self.folder.table_is_due:
            self.folder.save_table()

    def folder_done(self, run: Run) -> None:
        """Write what failed after the last batch, and tell of what had changed."""
        self._note_failures(run)
        if restored_anew := self.folder.save_table():
            changed = ", ".join(sorted({name for names in restored_anew for name in names}))
            tell(f"{restored_anew.total()} images were restored anew, since this has changed: {changed}")

    def run_interrupted(self, run: Run) -> None:
        """Write the table of what is there."""
        self.folder.save_table()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Let other runs claim the folder."""
        self.folder.release()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let other runs claim the folder."""
        self.folder.release()

    def _save(self, image: RestoredTarget, changed: tuple[str, ...]) -> None:
        """Write the files of an image, its record last; until then a record says that it is missing."""
        target = image.target
        if not self.folder.wrote_files_of(target.name):
            self.folder.save_row(Row(target.name, MISSING, has_files=True))
        if self.views:
            self.folder.save_picture(
                layout.FIDELITY_MAP.format(target.output), to_map(image.fidelity_map, target.known[0])
            )
        if image.latent and self.latents:
            facts = {**image.latent_facts, "file": target.name}
            self.folder.save_latent(layout.LATENT.format(target.output), image.latent, facts)
        if self.views:
            self.folder.save_picture(layout.COMPARISON.format(target.output), image.draw_path())
        output = layout.RESTORED_IMAGE.format(target.output)
        sha256 = self.folder.save_picture(output, _picture(image))
        self.folder.save_row(replace(_row(image, output, sha256), changed=changed))

    def _note_failures(self, run: Run) -> None:
        failures = run.folder.failures
        for failure in failures[self._failures_noted :]:
            self.folder.save_row(Row(failure.name, FAILED, notes=failure.reason))
        self._failures_noted = len(failures)


def _picture(image: RestoredTarget) -> Image.Image:
    """The part of the image that the file's picture fills, of one channel where the target is grey."""
    picture = to_picture(image.framed)
    return picture.convert("L") if image.target.gray else picture


def _row(image: RestoredTarget, output: str, sha256: str) -> Row:
    target = image.target
    return Row(
        file=target.name,
        status=RESTORED if image.stopped_at is None else STOPPED,
        output=output,
        size=f"{target.image.shape[-1]}x{target.image.shape[-2]}",
        degradation=image.degradation,
        parameters=" ".join(f"{name}={value}" for name, value in image.parameters.items()),
        loss=_finite(image.loss),
        fidelity=_finite(image.fidelity),
        explained=_finite(image.explained),
        seed=target.seed,
        seconds=round(image.seconds, 2),
        notes="; ".join(image.notes),
        sha256=sha256,
        batch=tuple(image.together),
        made_from=target.made_from,
    )


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
