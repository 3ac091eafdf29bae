"""What stands on the page."""

from collections.abc import Sequence

import gradio as gr

from rsi.app.damage_text import SLIDERS
from rsi.app.holes import HOLE
from rsi.app.status import BEGIN, said

CAREFUL, QUICK = "Careful", "Quick"


class Controls:
    """Makes what stands on the page, in the ``gr.Blocks`` that is open: what is asked for on the left, results right.

    Each part is an attribute. Gradio's editor gives the picture back decoded, so photographs come through ``files``
    and the editor is for holes alone.

    Args:
        generators: Names and files of generators, the first one chosen.
    """

    def __init__(self, generators: Sequence[tuple[str, str]]) -> None:
        gr.Markdown("# Restore a picture\nEverything stays on this machine.")
        with gr.Row(equal_height=False):
            with gr.Column():
                self._build_input(generators)
            with gr.Column():
                self._build_output()

    def _build_input(self, generators: Sequence[tuple[str, str]]) -> None:
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
        self.generator = gr.Dropdown(
            [*generators], value=generators[0][1], label="4. Who draws", elem_id="generator", filterable=False
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
        self.status = gr.HTML(said(BEGIN), elem_id="status")
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
