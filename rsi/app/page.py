"""What the parts of the page do."""

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

from rsi.app.controls import QUICK, Controls
from rsi.app.damage_text import SLIDERS, Slider, in_words, values_of, with_value
from rsi.app.holes import enlarged, with_holes
from rsi.app.networks import domain_of
from rsi.app.run import Asked, Failed, News, Restored, Run, Step
from rsi.app.same import commands_of, python_of
from rsi.app.sessions import WHOLE, Done, Dropped, Session, Sessions
from rsi.app.status import BEGIN, outcome, progress, said
from rsi.degradations.spec import parse_harmless
from rsi.errors import InputError

CARTOONS = (
    "\n\nThis generator draws cartoon faces. For photographs of people, get another one with "
    "`rsi restore --generator ffhq1024`, which says more, and choose it below."
)
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
            self._page = Controls(self._settings.generators)
            self._wire()
            blocks.unload(self._closed)
        return blocks

    def _wire(self) -> None:
        """Say what is called when somebody does something, with which values, and what it may change."""
        on, page = partial(gr.on, api_visibility="private"), self._page
        same = [page.same, page.commands, page.python]
        undone = [page.text, *page.sliders, page.status, *same]
        shown = [page.name, page.damage, page.found, page.editor, page.start, *undone]
        asked = [page.generator, page.pace, page.strength]
        files = [page.downloads, page.picture, page.crop, page.everything]
        results = [page.view, page.compare, *files, page.status, *same]
        on(page.files.change, self._drop, [page.files, *asked], shown)
        on(page.name.input, self._choose, [page.name, page.editor, *asked], shown)
        on(page.generator.input, self._look, asked, shown)
        on([page.pace.input, page.strength.input], self._ask, asked, same, trigger_mode="always_last")
        on([page.text.submit, page.text.blur], self._say, [page.text, *asked], undone)
        for slider, control in zip(SLIDERS, page.sliders, strict=True):
            on(control.input, self._slide(slider), [control, *asked], undone, trigger_mode="always_last")
        begun = on(page.start.click, self._begin, [page.text, page.editor], [page.start, page.stop, page.status])
        begun.success(
            self._restore,
            asked,
            [page.way, page.done, page.start, page.stop, *results],
            concurrency_limit=1,
            concurrency_id="device",
            show_progress="minimal",
            show_progress_on=[page.status],
            api_visibility="private",
        )
        on(page.stop.click, self._stop, None, [page.stop, page.status], queue=False)
        on(page.view.input, self._show_view, page.view, page.compare)
        on(page.done.select, self._show_done, None, results)

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
        return {**shown, self._page.status: said("; ".join(reasons), failed=True)} if reasons else shown

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
        return {part: value for part, value in shown.items() if part is not self._page.editor}

    def _shown(self, session: Session, asked: Asked) -> Updates:
        """What the page shows of the photograph that is chosen."""
        dropped = session.shown()
        if dropped is None:
            hidden = {part: gr.update(visible=False) for part in (self._page.name, self._page.damage, self._page.same)}
            empty = gr.ImageEditor(None, visible=False)
            return {
                **hidden,
                self._page.editor: empty,
                self._page.start: gr.Button(interactive=False),
                self._page.status: said(BEGIN),
            }
        try:
            found = dropped.look(asked.generator)
        except InputError as error:
            return {self._page.status: said(str(error), failed=True)}
        names, cartoons = [*session.dropped], CARTOONS if dropped.becomes_cartoon(asked.generator) else ""
        return {
            self._page.name: gr.Dropdown(choices=names, value=session.current, visible=len(names) > 1),
            self._page.damage: gr.Group(visible=True),
            self._page.found: f"**{escape(session.current)}**, {dropped.opened.size}{cartoons}\n\n{in_words(found)}",
            self._page.editor: gr.ImageEditor(with_holes(dropped.opened.photo.picture, dropped.known), visible=True),
            self._page.start: gr.Button(interactive=not session.is_running),
            **self._said(dropped, asked),
            self._page.status: gr.skip() if session.is_running else said("Ready."),
        }

    def _said(self, dropped: Dropped, asked: Asked) -> Updates:
        """What the page shows of what is to be undone."""
        values = zip(self._page.sliders, values_of(dropped.text), strict=True)
        moved = {
            control: gr.Slider(visible=False) if value is None else gr.Slider(value=value, visible=True)
            for control, value in values
        }
        return {self._page.text: dropped.text, **moved, **self._same(dropped, asked)}

    def _same(self, dropped: Dropped, asked: Asked) -> Updates:
        job, domain = dropped.job(asked), domain_of(asked.generator)
        return self._same_as(commands_of(job, domain), python_of(job, domain))

    def _same_as(self, commands: str, python: str) -> Updates:
        return {
            self._page.same: gr.Accordion(visible=True),
            self._page.commands: commands,
            self._page.python: python,
        }

    def _say(self, text: str, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
        dropped = self._session(request).shown()
        if dropped is None or text == dropped.text:
            return {self._page.text: gr.skip()}
        try:
            parse_harmless(text)
        except InputError as error:
            return {self._page.status: said(str(error), failed=True)}
        dropped.say(text)
        return {**self._said(dropped, self._asked(generator, pace, strength)), self._page.status: said("Ready.")}

    def _slide(self, slider: Slider) -> Callable[..., Updates]:
        def slide(value: float, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
            dropped = self._session(request).shown()
            if dropped is None:
                return {self._page.text: gr.skip()}
            dropped.say(with_value(dropped.text, slider, value))
            return {self._page.text: dropped.text, **self._same(dropped, self._asked(generator, pace, strength))}

        return slide

    def _ask(self, generator: str, pace: str, strength: float, request: gr.Request) -> Updates:
        dropped = self._session(request).shown()
        return self._same(dropped, self._asked(generator, pace, strength)) if dropped else {self._page.same: gr.skip()}

    def _begin(self, text: str, drawn: dict[str, Any] | None, request: gr.Request) -> Updates:
        session = self._session(request)
        dropped = session.shown()
        if dropped is None or session.is_running:
            raise gr.Error("Drop a photograph first." if dropped is None else "Wait for the end, or stop.")
        dropped.say(text)
        dropped.brush(drawn)
        session.stop, session.is_running = threading.Event(), True
        waiting = said("Waiting for its turn.")
        return {
            self._page.start: gr.Button(interactive=False),
            self._page.stop: gr.Button(interactive=True),
            self._page.status: waiting,
        }

    def _restore(self, generator: str, pace: str, strength: float, request: gr.Request) -> Iterator[Updates]:
        session = self._session(request)
        end = said("Stopped.")
        try:
            with closing(self._news(session, self._asked(generator, pace, strength))) as news:
                for event in news:
                    end = outcome(event) if isinstance(event, Restored | Failed) else end
                    yield self._told(session, event)
        except InputError as error:
            end = said(str(error), failed=True)
        finally:
            session.is_running = False
        yield {
            self._page.start: gr.Button(interactive=True),
            self._page.stop: gr.Button(interactive=False),
            self._page.way: gr.Image(visible=False),
            self._page.status: said("Stopped.") if session.stop.is_set() else end,
        }

    def _news(self, session: Session, asked: Asked) -> Generator[News | None, None, None]:
        """What happens to the photographs of a tab; closing it ends the run."""
        jobs = [one.job(asked) for one in session.dropped.values()]
        yield from Run(jobs, session.stop).news()

    def _told(self, session: Session, event: News | None) -> Updates:
        """What the page shows of what happened; nothing new if nothing did."""
        if isinstance(event, Step):
            return self._stepped(event)
        if isinstance(event, Restored):
            done = session.finish(event)
            status = {self._page.status: outcome(event)}
            return {**self._result(session, done), **status, **self._gallery(session)}
        if isinstance(event, Failed):
            return {self._page.status: outcome(event)}
        return {self._page.stop: gr.skip()}

    def _stepped(self, step: Step) -> Updates:
        shown = (
            {}
            if step.picture is None
            else {self._page.way: gr.Image(enlarged(step.picture), visible=True, label=step.space)}
        )
        return {self._page.status: progress(step), **shown}

    def _result(self, session: Session, done: Done) -> Updates:
        session.looked_at = done
        views = [*done.views]
        return {
            self._page.view: gr.Radio(views, value=views[0], visible=len(views) > 1),
            self._page.compare: gr.ImageSlider(
                done.views[views[0]], visible=True, label=f"{done.name}: before and after"
            ),
            self._page.downloads: gr.Row(visible=True),
            self._page.picture: gr.DownloadButton(value=done.files.picture),
            self._page.crop: gr.DownloadButton(value=done.files.crop),
            self._page.everything: gr.DownloadButton(value=done.files.everything),
            **self._same_as(done.commands, done.python),
        }

    def _show_view(self, view: str, request: gr.Request) -> tuple[Image.Image, Image.Image] | None:
        done = self._session(request).looked_at
        return None if done is None else done.views[view]

    def _gallery(self, session: Session) -> Updates:
        return {self._page.done: gr.Gallery([(done.views[WHOLE][1], done.name) for done in session.done], visible=True)}

    def _show_done(self, chosen: gr.SelectData, request: gr.Request) -> Updates:
        session = self._session(request)
        done = session.done[int(chosen.index)]
        return {**self._result(session, done), self._page.status: said(f"{done.name} is restored.")}

    def _stop(self, request: gr.Request) -> Updates:
        self._session(request).stop.set()
        return {self._page.stop: gr.Button(interactive=False), self._page.status: said("Stopping.")}

    def _closed(self, request: gr.Request) -> None:
        self._sessions.close(request.session_hash)
