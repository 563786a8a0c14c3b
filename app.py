"""Opens the app: `python app.py`; `--help` says what can be set, docs/deploy.md how to host it.

With no flags it is what a Hugging Face Space runs; Gradio's own environment variables hold
(GRADIO_SERVER_NAME, GRADIO_SERVER_PORT, GRADIO_SHARE).
"""

import argparse
import gc
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hitvideo.errors import HiTVideoError
from hitvideo.faults import add_debug, report
from hitvideo.signals import ending_signals, exit_code
from hitvideo.streams import ready_streams
from hitvideo.ui.hosting import Hosting, add_hosting, hosting_of
from hitvideo.ui.serving import check_address, own_files, wait_until_interrupted

if TYPE_CHECKING:
    from gradio import Blocks

EXAMPLES = Path(__file__).resolve().parent / "assets" / "examples"


def load(args: argparse.Namespace, hosting: Hosting) -> "Blocks":
    """The whole app, ready to be opened; raises HiTVideoError where it cannot be."""
    from hitvideo.commands.common import load_all
    from hitvideo.ui.app import build_app, sample_clips

    return build_app(load_all(args), sample_clips(EXAMPLES), hosting)


def serve(args: argparse.Namespace) -> None:
    """Opens the app and serves it until somebody ends it."""
    # Hardly anything of all that is loaded here is ever garbage, and to look for some again and
    # again takes a sixth of the time until the page opens.
    gc.disable()
    try:
        check_address(args.host, args.port)
        hosting = hosting_of(args)
        app = load(args, hosting)
    finally:
        gc.enable()
    gc.freeze()
    from hitvideo.ui.app import launch

    options = {"server_name": args.host, "server_port": args.port}
    try:
        launch(app, hosting, share=args.share or None, prevent_thread_lock=True, **options)
    except (OSError, ValueError) as error:  # Gradio's words for no free port, no way to localhost
        words = " ".join(str(error).split()).split(". ")[0].rstrip(".")
        raise HiTVideoError(f"The app cannot be opened: {words}.") from error
    wait_until_interrupted(app)


def main() -> int:
    """Returns the exit code, as the command line has them."""
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
    parser.add_argument("--weights", help="folder of the model (the shipped one)")
    add_hosting(parser)
    add_debug(parser)
    args = parser.parse_args()
    debug = "debug" in args
    if debug:
        logging.getLogger("hitvideo").setLevel(logging.DEBUG)
    try:
        with ending_signals():
            ready_streams()
            with own_files():
                serve(args)
    except KeyboardInterrupt as ended:
        sys.stdout.flush()
        os._exit(exit_code(ended))  # whoever is still at work has nowhere left to write
    except Exception as error:
        return report(error, debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
