"""The Generate tab: a prompt goes in, a clip appears and sharpens level by level.

Lays out the page and says what each button does; the work itself is `generation`. Knows nothing of
models.
"""

from __future__ import annotations

import html
import random
import secrets
from typing import Any, NamedTuple

import gradio as gr

from hitvideo.generator import MODES
from hitvideo.ui.generate.prompts import EXAMPLES, WORLD, surprise
from hitvideo.ui.generate.run import Generation
from hitvideo.ui.links import DRAWN_SEEDS, keep_fields
from hitvideo.ui.player import Value, player, settled
from hitvideo.ui.running import QUIET, Handler, wire
from hitvideo.ui.tokens.page import download_button

SCREEN = 480  # pixels a side, where the window is wide enough
STEPS = {
    "token": "a position",
    "frame": "a frame",
    "mixed": "positions, then frames",
}
INVITATION = "Describe a clip: level 1 comes first, then it sharpens."
NO_GENERATOR = (
    "This weights folder holds no generator, so clips can be taken apart under Reconstruct "
    "but not written from text."
)


def generate_tab(generation: Generation) -> None:
    """Fills the tab that is being built."""
    if generation.pipeline.generator is None:
        gr.HTML(f'<p class="hv-missing">{NO_GENERATOR}</p>', apply_default_css=False)
        gr.api(generation.stream, api_name="generate")  # says so, too
        return
    with gr.Row(elem_classes="hv-inputs hv-generate"):
        with gr.Column(min_width=320, elem_classes="hv-settings"):
            with gr.Column(scale=0, elem_classes="hv-prompt"):
                prompt = gr.Textbox(
                    label="Prompt",
                    placeholder=EXAMPLES[0] if generation.toon else "",
                    lines=1,  # so that Enter generates
                    max_lines=5,
                    autofocus=True,
                )
                note = gr.HTML(apply_default_css=False, elem_classes="hv-unknown")
            with gr.Column(scale=0, elem_classes="hv-examples", visible=generation.toon):
                samples = [[text] for text in EXAMPLES]
                examples = gr.Examples(samples, [prompt], label="Or try one of these")
            with gr.Row(elem_classes="hv-buttons"):
                run = gr.Button("Generate", variant="primary", size="lg", min_width=110)
                chance = gr.Button("Surprise me", size="lg", min_width=110, visible=generation.toon)
                stop = gr.Button("Stop", size="lg", interactive=False, min_width=70)
            # Bounds are checked with the work, whose sentences say which number is wrong.
            with gr.Row(elem_classes="hv-fields hv-seed"):
                seed = gr.Number(None, label="Seed", min_width=130)
                keep = gr.Checkbox(False, label="Keep this seed", min_width=130)
            more = advanced_settings(generation)
            gr.HTML(about(generation), apply_default_css=False, elem_classes="hv-about")
        with gr.Column(scale=0, min_width=SCREEN, elem_classes="hv-screen"):
            screen = player(generation.view(message=INVITATION), stage=True)
            with gr.Row(elem_classes="hv-buttons hv-downloads"):
                mp4 = gr.DownloadButton("Save MP4", interactive=False, size="lg", min_width=90)
                gif = gr.DownloadButton("Save GIF", interactive=False, size="lg", min_width=90)
                hitv = download_button()
                link = gr.Button("Copy link", size="lg", min_width=90, elem_classes="hv-copy")
            with gr.Accordion("Report", open=False, elem_classes="hv-advanced"):
                report = gr.JSON(label="Report", show_label=False)

    def begin(text: Any, number: Any, keeps: bool, count: int, shown: Any) -> tuple[Any, ...]:
        view = generation.view(count, message="Waiting for its turn", progress=0.0, picture=shown)
        kept = keeps or not str(text or "").strip()
        nothing = (gr.DownloadButton(value=None, interactive=False) for _ in files)
        return view.value, remark(text), number if kept else draw_seed(), *nothing

    def end(shown: Value, *made: Any) -> tuple[Any, ...]:
        ready = (gr.DownloadButton(interactive=file is not None) for file in made)
        return settled(shown, "Stopped"), *ready

    def remark(text: Any) -> str:
        return html.escape(generation.note(text)) if isinstance(text, str) else ""

    files = [mp4, gif, hitv]
    wire(
        run,
        stop,
        begin=Handler(
            begin, [prompt, seed, keep, more.levels, more.picture], [screen, note, seed, *files]
        ),
        work=Handler(
            generation.stream, [prompt, seed, *more], [mp4, seed, report, screen, gif, hitv]
        ),
        end=Handler(end, [screen, *files], [screen, *files]),
        api_name="generate",
        also=[prompt.submit],
        preprocess=False,  # the work checks all values itself, so every wrong one gets our sentence
    )
    settings = [field for field in more if field is not more.keep_note]
    changes = [run.click, prompt.submit, prompt.blur, seed.change]
    changes += [field.change for field in settings]
    keep_fields([prompt, seed, *settings], keep, link, changes)
    chance.click(lambda: (surprise(random.Random()), ""), outputs=[prompt, note], **QUIET)
    examples.load_input_event.then(remark, prompt, note, **QUIET)
    prompt.blur(remark, prompt, note, **QUIET)
    # Whoever types a seed means it; whoever empties the field wants another.
    seed.input(lambda number: number not in (None, ""), seed, keep, **QUIET)


def draw_seed() -> int:
    return secrets.randbelow(DRAWN_SEEDS)


class Advanced(NamedTuple):
    """Fields that most people leave alone, in the order in which the work takes their values."""

    guidance: gr.Number
    temperature: gr.Number
    top_k: gr.Number
    top_p: gr.Number
    levels: gr.Radio
    mode: gr.Radio
    keep_note: gr.Checkbox
    picture: gr.Radio


def advanced_settings(generation: Generation) -> Advanced:
    assert generation.pipeline.generator is not None
    config = generation.pipeline.generator.config
    with gr.Accordion("Advanced", open=False, elem_classes="hv-advanced"):
        with gr.Row(elem_classes="hv-fields"):
            guidance = gr.Number(config.guidance, label="Guidance", step=0.5, min_width=90)
            temperature = gr.Number(
                config.sampling_temperature, label="Temperature", step=0.1, min_width=90
            )
            top_k = gr.Number(0, label="Top-k, 0: all", min_width=90)
            top_p = gr.Number(1.0, label="Top-p", step=0.05, min_width=90)
        with gr.Row(elem_classes="hv-fields"):
            counts = list(range(1, len(config.levels) + 1))
            levels = gr.Radio(counts, value=counts[-1], label="Levels to write")
            steps = [(STEPS[mode], mode) for mode in MODES]
            mode = gr.Radio(steps, value=config.mode, label="Written in one step")
        with gr.Row(elem_classes="hv-fields"):
            painted = generation.pipeline.painter is not None
            picture = gr.Radio(
                [("Painted", "vivid"), ("Tokens alone", "faithful")],
                value="vivid" if painted else "faithful",
                label="Picture",
                visible=painted,
            )
        with gr.Row(elem_classes="hv-fields"):
            label = "Store prompt, seed and settings in the files"
            keep_note = gr.Checkbox(True, label=label)
    return Advanced(guidance, temperature, top_k, top_p, levels, mode, keep_note, picture)


def about(generation: Generation) -> str:
    """What the model can show and how it runs, as HTML."""
    assert generation.pipeline.generator is not None
    config = generation.pipeline.generator.config
    seconds = config.frames / config.fps
    rows = "".join(
        f"<dt>{name}</dt><dd>{html.escape(', '.join(words))}</dd>" for name, words in WORLD.items()
    )
    world = f"<details><summary>What it knows</summary><dl>{rows}</dl></details>"
    return f"""
{f"<p>{html.escape(config.note)}</p>" if config.note else ""}
{world if generation.toon else ""}
<p class="hv-facts">{config.width} by {config.height} pixels, {seconds:g} s at {config.fps:g} fps.
Runs in {html.escape(generation.setup)}.</p>
"""
