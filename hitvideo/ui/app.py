"""The whole page: the header, the tabs, and how they are served.

Knows nothing of what a tab does; CONTRIBUTING.md says what a new one takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.ui.boundary import explain_all, remove_broken_uploads
from hitvideo.ui.generate.page import generate_tab
from hitvideo.ui.generate.run import Generation
from hitvideo.ui.hosting import Hosting
from hitvideo.ui.links import TAB, keep_tab
from hitvideo.ui.rate.page import rate_tab
from hitvideo.ui.rate.run import RateQuality
from hitvideo.ui.reconstruct.page import reconstruct_tab
from hitvideo.ui.reconstruct.run import Reconstruction
from hitvideo.ui.running import limit_heavy
from hitvideo.ui.theme import static, theme
from hitvideo.ui.tokens.run import TokenFiles

PEOPLE_IN_LINE = 32
CLEAN_EVERY, KEEP_FOR = 3600, 24 * 3600  # seconds; uploads and results

HEADER = """
<header class="hv-header">
  <div>
    <h1>HiTVideo</h1>
    <p>Video as a hierarchy of tokens: written from text, and taken apart level by level.</p>
  </div>
  <p class="hv-note">Unofficial implementation of
    <a href="https://arxiv.org/abs/2503.11513" target="_blank" rel="noopener">arXiv 2503.11513</a>
  </p>
</header>
"""


def build_app(
    pipeline: HiTVideoPipeline, clips: Sequence[Path] = (), hosting: Hosting | None = None
) -> gr.Blocks:
    """The app, not yet served. clips: video files offered as examples."""
    hosting = hosting or Hosting()
    tokens = TokenFiles(pipeline)
    with gr.Blocks(
        title="HiTVideo",
        fill_width=True,  # the style sheet sets the measure
        analytics_enabled=False,
        delete_cache=(CLEAN_EVERY, KEEP_FOR),
    ) as app:
        gr.HTML(HEADER, apply_default_css=False)
        # First what these weights can do.
        first = "generate" if pipeline.generator else "reconstruct"
        with gr.Tabs(selected=first):
            with _tab("Generate", "generate", first):
                generate_tab(Generation(pipeline, tokens))
            with _tab("Reconstruct", "reconstruct", first):
                reconstruct_tab(Reconstruction(pipeline, tokens, hosting.max_seconds), clips)
            with _tab("Rate vs quality", "rate", first):
                rate_tab(RateQuality(pipeline, hosting.max_seconds), clips)
    explain_all(app)
    limit_heavy(app, hosting.concurrency)
    return app.queue(max_size=PEOPLE_IN_LINE)


def _tab(words: str, name: str, first: str) -> gr.Tab:
    tab = gr.Tab(words, id=name, elem_id=TAB.format(name))
    keep_tab(tab, name, name == first)
    return tab


def launch(app: gr.Blocks, hosting: Hosting | None = None, **options: Any) -> str:
    """Serves the app and returns its address; `options` go to `gr.Blocks.launch`."""
    remove_broken_uploads()
    _, local, _ = app.launch(
        theme=theme(),
        css="".join(static(f"{name}.css") for name in ("page", "generate", "tokens", "rate")),
        **(hosting or Hosting()).launch_options(),
        footer_links=["api"],
        run_history=False,  # it would point at files that are cleaned away
        ssr_mode=False,
        **options,
    )
    return local


def sample_clips(folder: Path) -> list[Path]:
    """The videos in `folder`, by name, and real ones that Gradio carries."""
    carried = Path(gr.__file__).parent / "media_assets" / "videos"
    real = [carried / name for name in ("world.mp4", "a.mp4", "b.mp4")]
    return [*sorted(folder.glob("*.mp4")), *(path for path in real if path.is_file())]
