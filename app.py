"""Opens the app: `python app.py [--share --host --port --device --quantize --weights]`.

With no flags it is what a Hugging Face Space runs; Gradio's own environment variables hold
(GRADIO_SERVER_NAME, GRADIO_SERVER_PORT, GRADIO_SHARE).
"""

import argparse
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio import Blocks

EXAMPLES = Path(__file__).resolve().parent / "assets" / "examples"


def load(args: argparse.Namespace) -> "Blocks":
    """The whole app, ready to be opened; says on stderr where it cannot be, and exits."""
    from hitvideo.errors import HiTVideoError
    from hitvideo.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline
    from hitvideo.ui.app import build_app, sample_clips

    weights = args.weights or DEFAULT_WEIGHTS
    try:
        pipeline = HiTVideoPipeline.from_pretrained(weights, args.device, args.quantize)
    except HiTVideoError as error:
        sys.exit(str(error))
    return build_app(pipeline, sample_clips(EXAMPLES))


def main() -> None:
    parser = argparse.ArgumentParser(description="Opens HiTVideo in the browser.")
    parser.add_argument("--share", action="store_true", help="also give out a public link")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network")
    parser.add_argument("--port", type=int, help="port to listen on; by default the first free one")
    parser.add_argument("--device", default="auto", help="cpu, cuda, ...; auto (default): the best")
    parser.add_argument(
        "--quantize",
        choices=["auto", "int8", "nf4", "none"],
        default="auto",
        help="precision of the generator; auto (default): what measured best on the device",
    )
    parser.add_argument("--weights", type=Path, help="folder of the model (the shipped one)")
    args = parser.parse_args()
    # Hardly anything of all that is loaded here is ever garbage, and to look for some again and
    # again takes a sixth of the time until the page opens.
    gc.disable()
    try:
        app = load(args)
    finally:
        gc.enable()
    gc.freeze()
    from hitvideo.ui.app import launch

    launch(app, share=args.share or None, server_name=args.host, server_port=args.port)


if __name__ == "__main__":
    main()
