"""The page: what stands on it and what its buttons do."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from rsi.app.damage_text import SLIDERS, Slider, in_words, values_of, with_value
from rsi.app.holes import HOLE, shown_copy, with_holes
from rsi.app.run import Asked, Failed, News, Restored, Run, Step, domain_of
from rsi.app.same import commands_of, python_of
from rsi.app.sessions import WHOLE, Done, Dropped, Session, Sessions
from rsi.degradations.spec import parse_harmless
from rsi.errors import InputError

BEGIN = "Drop a photograph to begin."
CARTOONS = (
    "\n\nThis generator draws cartoon faces. For photographs of people, get another one with "
    "`rsi restore --generator ffhq1024`, which says more, and choose it below."
)
CAREFUL, QUICK = "Careful", "Quick"
HOUR = 3600
TIDY_EVERY = 300  # seconds
Updates = dict[Any, Any]


@dataclass(frozen=True)
class Settings:
    """What the page offers.

    Attributes:
        generators: Names and files of generators, the first one chosen.
        quick: The recipe that ``Quick`` stands for.
    """

    generators: Sequence[tuple[str, str]]
    quick: str


class Restorer:
    """The page and what is behind it.

    Args:
        settings: What it offers.
        folder: Where the files of open tabs are.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._sessions = Sessions(folder)

    def build(self) -> gr.Blocks:
        """The page."""
        blocks = gr.Blocks(title="rsi", analytics_enabled=False, delete_cache=(TIDY_EVERY, HOUR))
        with blocks:
            gr.Markdown("# Restore a picture\nEverything stays on this machine.")
            with gr.Row(equal_height=False):
                with gr.Column():
                    self._build_input()
                with gr.Column():
                    self._build_output()
            self._wire()
            blocks.unload(self._closed)
        return blocks

    def _build_input(self) -> None:
        self.files = gr.File(label="1. Drop photographs here", file_count="multiple", elem_id="files")
        self.name = gr.Dropdown(label="Which one", choices=[], visible=False, elem_id="which")
        with gr.Group(visible=False) as self.damage:
            self.found = gr.Markdown(elem_id="found", padding=True)
            self.text = gr.Textbox(
                label="2. What is to be undone",
                info="Change it if you know better: damages in the order in which they happened, joined with +",
                elem_id="text",
            )
            self.sliders = [
                gr.Slider(slider.lowest, slider.highest, step=slider.step, label=slider.label, visible=False)
                for slider in SLIDERS
            ]
        self.editor = gr.ImageEditor(
            label="3. Brush over holes",
            visible=False,
            type="pil",
            format="png",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(colors=[HOLE], color_mode="fixed", default_size=16),
            height=420,
            elem_id="holes",
            buttons=[],
        )
        generators = [*self._settings.generators]
        self.generator = gr.Dropdown(
            generators, value=generators[0][1], label="4. Who draws", elem_id="generator", filterable=False
        )
        self.pace = gr.Radio([CAREFUL, QUICK], value=CAREFUL, label="5. How", elem_id="pace")
        self.strength = gr.Slider(
            0,
            1,
            value=1,
            step=0.05,
            label="6. How close to the photograph",
            info="1 is closest, 0 is the generator's own kind of picture",
            elem_id="strength",
        )
        with gr.Row():
            self.start = gr.Button("Restore", variant="primary", interactive=False, elem_id="restore")
            self.stop = gr.Button("Stop", interactive=False, elem_id="stop")

    def _build_output(self) -> None:
        self.status = gr.HTML(_status(BEGIN), elem_id="status")
        self.way = gr.Image(
            label="On the way", visible=False, interactive=False, format="png", buttons=[], elem_id="way", height=400
        )
        self.view = gr.Radio([], label="Look at", visible=False, elem_id="view")
        self.compare = gr.ImageSlider(
            label="Before and after", visible=False, max_height=600, format="png", buttons=[], elem_id="compare"
        )
        with gr.Row(visible=False) as self.downloads:
            self.picture = gr.DownloadButton("Picture", elem_id="picture")
            self.crop = gr.DownloadButton("What was drawn", elem_id="crop")
            self.everything = gr.DownloadButton("Everything (zip)", elem_id="everything")
        self.done = gr.Gallery(
            label="Done so far",
            visible=False,
            columns=4,
            fit_columns=False,
            object_fit="contain",
            height=190,
            allow_preview=False,
            format="png",
            buttons=[],
            elem_id="done",
        )
        with gr.Accordion("The same without this page", open=False, visible=False) as self.same:
            self.commands = gr.Code(label="In a shell", language="shell", lines=1, elem_id="commands", wrap_lines=True)
            self.python = gr.Code(label="In Python", language="python", lines=1, elem_id="python", wrap_lines=True)

    def _wire(self) -> None:
        on = partial(gr.on, api_visibility="private")
        same = [self.same, self.commands, self.python]
        said = [self.text, *self.sliders, self.status, *same]
        shown = [self.name, self.damage, self.found, self.editor, self.start, *said]
        asked = [self.generator, self.pace, self.strength]
        results = [
            self.view,
            self.compare,
            self.downloads,
            self.picture,
            self.crop,
            self.everything,
            self.status,
            *same,
        ]
        on(self.files.change, self._drop, [self.files, *asked], shown)
        on(self.name.input, self._choose, [self.name, self.editor, *asked], shown)
        on(self.generator.input, self._look, asked, shown)
        on([self.pace.input, self.strength.input], self._ask, asked, same, trigger_mode="always_last")
        on([self.text.submit, self.text.blur], self._say, [self.text, *asked], said)
        for slider, control in zip(SLIDERS, self.sliders, strict=True):
            on(control.input, self._slide(slider), [control, *asked], said, trigger_mode="always_last")
        begun = on(self.start.click, self._begin, [self.text, self.editor], [self.start, self.stop, self.status])
        begun.success(
            self._restore,
            asked,
            [self.way, self.done, self.start, self.stop, *results],
            concurrency_limit=1,
            concurrency_id="device",
            show_progress="minimal",
            show_progress_on=[self.status],
            api_visibility="private",
        )
        on(self.stop.click, self._stop, None, [self.stop, self.status], queue=False)
        on(self.view.input, self._show_view, self.view, self.compare)
        on(self.done.select, self._show_done, None, results)

    def _session(self, request: gr.Request) -> Session:
        return self._sessions.of(request.session_hash)

    def _asked(self, generator: str, pace: str, strength: float) -> Asked:
        return Asked(generator, self._settings.quick if pace == QUICK else None, strength)

    def _drop(
        self, files: Sequence[str] | None, generator: str, pace: str, strength: float, request: gr.Request
    ) -> Updates:
        session = self._session(request)
        reasons = session.drop(files or [])
        shown = self._shown(session, self._asked(generator, pace, strength))
        return {**shown, self.status: _status("; ".join(reasons), failed=True)} if reasons else shown

    def _choose(
        self,
        name: str,
        drawn: dict[str, Any] | None,
        generator: str,
        pace: str,
        strength: float,
        request: gr.Request,
    ) -> Updates:
        session = self._session(request)
        if (before := session.shown()) is not None:
            before.brush(drawn)
        session.current = name
        return self._shown(session, self._asked(generator, pace, strength))

    def _look(self, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
        shown = self._shown(self._session(request), self._asked(generator, pace, strength))
        return {part: value for part, value in shown.items() if part is not self.editor}

    def _shown(self, session: Session, asked: Asked) -> Updates:
        """What the page shows of the photograph that is chosen."""
        dropped = session.shown()
        if dropped is None:
            hidden = {part: gr.update(visible=False) for part in (self.name, self.damage, self.same)}
            empty = gr.ImageEditor(None, visible=False)
            return {**hidden, self.editor: empty, self.start: gr.Button(interactive=False), self.status: _status(BEGIN)}
        try:
            found = dropped.look(asked.generator)
        except InputError as error:
            return {self.status: _status(str(error), failed=True)}
        names, cartoons = [*session.dropped], CARTOONS if dropped.becomes_cartoon(asked.generator) else ""
        return {
            self.name: gr.Dropdown(choices=names, value=session.current, visible=len(names) > 1),
            self.damage: gr.Group(visible=True),
            self.found: f"**{escape(session.current)}**, {dropped.opened.size}{cartoons}\n\n{in_words(found)}",
            self.editor: gr.ImageEditor(with_holes(dropped.opened.photo.picture, dropped.known), visible=True),
            self.start: gr.Button(interactive=not session.is_running),
            **self._said(dropped, asked),
            self.status: gr.skip() if session.is_running else _status("Ready."),
        }

    def _said(self, dropped: Dropped, asked: Asked) -> Updates:
        """What the page shows of what is to be undone."""
        values = zip(self.sliders, values_of(dropped.text), strict=True)
        moved = {
            control: gr.Slider(visible=False) if value is None else gr.Slider(value=value, visible=True)
            for control, value in values
        }
        return {self.text: dropped.text, **moved, **self._same(dropped, asked)}

    def _same(self, dropped: Dropped, asked: Asked) -> Updates:
        job, domain = dropped.job(asked), domain_of(asked.generator)
        return self._same_as(commands_of(job, domain), python_of(job, domain))

    def _same_as(self, commands: str, python: str) -> Updates:
        return {self.same: gr.Accordion(visible=True), self.commands: commands, self.python: python}

    def _say(self, text: str, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
        dropped = self._session(request).shown()
        if dropped is None or text == dropped.text:
            return {self.text: gr.skip()}
        try:
            parse_harmless(text)
        except InputError as error:
            return {self.status: _status(str(error), failed=True)}
        dropped.say(text)
        return {**self._said(dropped, self._asked(generator, pace, strength)), self.status: _status("Ready.")}

    def _slide(self, slider: Slider) -> Callable[..., Updates]:
        def slide(value: float, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
            dropped = self._session(request).shown()
            if dropped is None:
                return {self.text: gr.skip()}
            dropped.say(with_value(dropped.text, slider, value))
            return {self.text: dropped.text, **self._same(dropped, self._asked(generator, pace, strength))}

        return slide

    def _ask(self, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
        dropped = self._session(request).shown()
        return self._same(dropped, self._asked(generator, pace, strength)) if dropped else {self.same: gr.skip()}

    def _begin(self, text: str, drawn: dict[str, Any] | None, request: gr.Request) -> Updates:
        session = self._session(request)
        dropped = session.shown()
        if dropped is None or session.is_running:
            raise gr.Error("Drop a photograph first." if dropped is None else "Wait for the end, or stop.")
        dropped.say(text)
        dropped.brush(drawn)
        session.stop, session.is_running = threading.Event(), True
        waiting = _status("Waiting for its turn.")
        return {self.start: gr.Button(interactive=False), self.stop: gr.Button(interactive=True), self.status: waiting}

    def _restore(self, generator: str, pace: str, strength: float, request: gr.Request) -> Iterator[Updates]:
        session = self._session(request)
        said, failed = "Stopped.", False
        try:
            with closing(self._news(session, self._asked(generator, pace, strength))) as news:
                for event in news:
                    if isinstance(event, Step):
                        yield self._stepped(event)
                    elif isinstance(event, Restored):
                        done = session.finish(event)
                        said, failed = f"{done.name} is restored.", False
                        yield {**self._result(session, done), self.status: _status(said), **self._gallery(session)}
                    elif isinstance(event, Failed):
                        said, failed = f"{event.job.opened.path.name}: {event.reason}", True
                        yield {self.status: _status(said, failed=True)}
                    else:
                        yield {self.stop: gr.skip()}
        except InputError as error:
            said, failed = str(error), True
        finally:
            session.is_running = False
        yield {
            self.start: gr.Button(interactive=True),
            self.stop: gr.Button(interactive=False),
            self.way: gr.Image(visible=False),
            self.status: _status("Stopped.") if session.stop.is_set() else _status(said, failed=failed),
        }

    def _news(self, session: Session, asked: Asked) -> Generator[News | None, None, None]:
        """What happens to the photographs of a tab; closing it ends the run."""
        jobs = [one.job(asked) for one in session.dropped.values()]
        yield from Run(jobs, session.stop).news()

    def _stepped(self, step: Step) -> Updates:
        shown = (
            {} if step.picture is None else {self.way: gr.Image(enlarged(step.picture), visible=True, label=step.space)}
        )
        return {self.status: _progress(step), **shown}

    def _result(self, session: Session, done: Done) -> Updates:
        session.looked_at = done
        views = [*done.views]
        return {
            self.view: gr.Radio(views, value=views[0], visible=len(views) > 1),
            self.compare: gr.ImageSlider(done.views[views[0]], visible=True, label=f"{done.name}: before and after"),
            self.downloads: gr.Row(visible=True),
            self.picture: gr.DownloadButton(value=done.files.picture),
            self.crop: gr.DownloadButton(value=done.files.crop),
            self.everything: gr.DownloadButton(value=done.files.everything),
            **self._same_as(done.commands, done.python),
        }

    def _show_view(self, view: str, request: gr.Request) -> tuple[Image.Image, Image.Image] | None:
        done = self._session(request).looked_at
        return None if done is None else done.views[view]

    def _gallery(self, session: Session) -> Updates:
        return {self.done: gr.Gallery([(done.views[WHOLE][1], done.name) for done in session.done], visible=True)}

    def _show_done(self, chosen: gr.SelectData, request: gr.Request) -> Updates:
        session = self._session(request)
        done = session.done[int(chosen.index)]
        return {**self._result(session, done), self.status: _status(f"{done.name} is restored.")}

    def _stop(self, request: gr.Request) -> Updates:
        self._session(request).stop.set()
        return {self.stop: gr.Button(interactive=False), self.status: _status("Stopping.")}

    def _closed(self, request: gr.Request) -> None:
        self._sessions.close(request.session_hash)


def enlarged(picture: Image.Image) -> Image.Image:
    """A picture that is large enough to be looked at."""
    scale = max(1, 384 // picture.width)
    return shown_copy(picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC))


def _status(text: str, *, failed: bool = False) -> str:
    role = "alert" if failed else "status"
    return f'<p role="{role}" class="{"failed" if failed else "said"}">{escape(text)}</p>'


def _progress(step: Step) -> str:
    left = "" if step.left is None else f", {_time(step.left)} left"
    which = f"{step.number} of {step.of}: " if step.of > 1 else ""
    said = f"{which}{step.space}, step {step.step} of {step.steps}{left}"
    bar = f'<progress max="{step.steps}" value="{step.step}" aria-label="Steps"></progress>'
    return f'<p class="said">{escape(said)}</p>{bar}'


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
