"""Opens the app: `python app.py [--share --host --port --device --quantize --weights]`.

With no flags it is what a Hugging Face Space runs; Gradio's own environment variables hold
(GRADIO_SERVER_NAME, GRADIO_SERVER_PORT, GRADIO_SHARE).
"""

import argparse
import sys
from pathlib import Path

from hitvideo.bitstream import TokenCoder
from hitvideo.errors import HiTVideoError
from hitvideo.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline
from hitvideo.ui.app import build_app, launch, sample_clips

EXAMPLES = Path(__file__).resolve().parent / "assets" / "examples"


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
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="folder of the model")
    args = parser.parse_args()
    try:
        quantize = None if args.quantize == "none" else args.quantize
        pipeline = HiTVideoPipeline.from_pretrained(args.weights, args.device, quantize)
        coder = TokenCoder.from_pretrained(args.weights, pipeline.tokenizer)
    except HiTVideoError as error:
        sys.exit(str(error))
    app = build_app(pipeline, sample_clips(EXAMPLES), coder)
    launch(app, share=args.share or None, server_name=args.host, server_port=args.port)


if __name__ == "__main__":
    main()
