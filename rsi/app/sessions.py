"""What each open tab has: its photographs, its run and its files, which go when it is closed."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from PIL import Image

from rsi.app.damage_text import UNCHANGED
from rsi.app.files import Files, write_files
from rsi.app.holes import known_of, same_pixels
from rsi.app.networks import domain_of
from rsi.app.pipeline import Opened, before_whole, estimate, is_whole, open_photograph, suggest
from rsi.app.run import Asked, Job, Restored
from rsi.app.same import commands_of, python_of
from rsi.data.pictures import to_picture
from rsi.errors import InputError
from rsi.estimation.estimate import Estimate

WHOLE = "The whole picture"


@dataclass
class Dropped:
    """A photograph that was dropped on the page.

    Attributes:
        opened: The photograph.
        text: What is to be undone; what was found until somebody says something else.
        said: The text was changed by hand.
        known: Black where it has holes; ``None`` if it has none.
    """

    opened: Opened
    text: str = ""
    said: bool = False
    known: Image.Image | None = None
    _found: tuple[str, Estimate] | None = None

    def look(self, generator: str) -> Estimate:
        """What is found in it; looked for once for a generator."""
        if self._found is None or self._found[0] != generator:
            domain = domain_of(generator)
            self._found = generator, estimate(self.opened, domain)
            if not self.said:
                self.text = suggest(self.opened, self._found[1], domain)
        return self._found[1]

    def becomes_cartoon(self, generator: str) -> bool:
        """Whether a photograph's faces are drawn by a generator of cartoons."""
        domain = domain_of(generator)
        return domain.info.embedded and not is_whole(self.opened, domain)

    def say(self, text: str) -> None:
        """Take up what a person says of it."""
        if text != self.text:
            self.text, self.said = text, True

    def brush(self, drawn: dict[str, Any] | None) -> None:
        """Take up the holes of the editor."""
        self.known = known_of(drawn, self.opened.photo.picture.size)

    def job(self, asked: Asked) -> Job:
        """What is to be done with it."""
        self.look(asked.generator)
        text = self.text if self.known is None or "inpaint" in self.text else f"{self.text}+inpaint"
        return Job(self.opened, text.removeprefix(f"{UNCHANGED}+"), self.known, asked)


@dataclass(frozen=True)
class Done:
    """A photograph that is restored, as the page shows it.

    Attributes:
        name: Its name.
        views: Before and after, of one size, by what they show: all of it first, then each face.
        files: What a person takes away.
        commands: What to type to do the same.
        python: What to write in Python to do the same.
    """

    name: str
    views: Mapping[str, tuple[Image.Image, Image.Image]]
    files: Files
    commands: str
    python: str


@dataclass
class Session:
    """An open tab.

    Attributes:
        folder: Where its files are.
        dropped: Its photographs by name.
        current: The name of the one that is shown.
        done: What was restored so far.
        looked_at: Which of these the page shows.
        uploads: What the browser has sent, where Gradio has put it.
        stop: Ends its run.
        is_running: It has a run, or waits for one.
    """

    folder: Path
    dropped: dict[str, Dropped] = field(default_factory=dict)
    current: str = ""
    done: list[Done] = field(default_factory=list)
    looked_at: Done | None = None
    uploads: set[Path] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    is_running: bool = False
    _numbers: "count[int]" = field(default_factory=count)

    def drop(self, files: Sequence[str]) -> list[str]:
        """Take up photographs, byte for byte, in the place of those before; returns why some cannot be read."""
        before, self.dropped = self.dropped, {}
        reasons = []
        for file in map(Path, files):
            self.uploads.add(file)
            name = self._free_name(file.name)
            if name in before and before[name].opened.path.read_bytes() == file.read_bytes():
                self.dropped[name] = before[name]
                continue
            own = self.new_folder() / name
            own.parent.mkdir(parents=True)
            shutil.copyfile(file, own)
            try:
                self.dropped[name] = Dropped(open_photograph(own))
            except InputError as error:
                reasons.append(str(error).replace(str(own), name))
        self.current = self.current if self.current in self.dropped else next(iter(self.dropped), "")
        return reasons

    def shown(self) -> Dropped | None:
        """The photograph that is shown."""
        return self.dropped.get(self.current)

    def finish(self, restored: Restored) -> Done:
        """Keep what was restored."""
        job, domain = restored.job, domain_of(restored.job.asked.generator)
        views = {WHOLE: same_pixels(before_whole(job.opened, restored.parts), restored.whole)}
        for number, (part, result) in enumerate(zip(restored.parts, restored.results, strict=True), 1):
            if part.face is not None:
                views[f"Face {number}"] = same_pixels(part.before, to_picture(result.framed))
        files = write_files(self.new_folder(), restored)
        done = Done(job.opened.path.name, views, files, commands_of(job, domain), python_of(job, domain))
        self.done.append(done)
        return done

    def new_folder(self) -> Path:
        """A name for another folder."""
        return self.folder / str(next(self._numbers))

    def _free_name(self, name: str) -> str:
        stem, suffix = Path(name).stem, Path(name).suffix
        names = (name, *(f"{stem} ({number}){suffix}" for number in range(2, 10_000)))
        return next(name for name in names if name not in self.dropped)


class Sessions:
    """All open tabs.

    Args:
        folder: Where their files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Session] = {}

    def of(self, key: str | None) -> Session:
        """The tab of a session's hash."""
        name = key or "none"
        if name not in self._open:
            self._open[name] = Session(self._folder / uuid4().hex)
        return self._open[name]

    def close(self, key: str | None) -> None:
        """End what a tab does and remove its files; Gradio's own copies go within the hour."""
        session = self._open.pop(key or "none", None)
        if session is None:
            return
        session.stop.set()
        shutil.rmtree(session.folder, ignore_errors=True)
        for upload in session.uploads.difference(*(other.uploads for other in self._open.values())):
            upload.unlink(missing_ok=True)
