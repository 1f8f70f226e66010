"""`vection app`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from vection.cli.arguments import parse

EXAMPLES = ("vection app runs/first", "vection app street --port 8000")


@dataclass(frozen=True)
class App:
    """Open a page in which a video or photo is dropped, and depth, path and what moves are looked at and taken away.

    The page is served on this machine alone (127.0.0.1), to who opens the address that is printed, until Ctrl-C;
    nothing leaves it, and what was predicted is forgotten at the end.
    """

    run: Positional[Path]
    """Run or checkpoint folder, or the name of a start (street)."""
    port: int = 7860
    """Where the page is: the address begins with http://127.0.0.1:PORT."""
    device: str | None = None
    """cpu or cuda; the GPU if there is one."""


def run(arguments: Sequence[str]) -> None:
    """Serve the page."""
    options = parse(App, arguments, command="app", examples=EXAMPLES)
    from vection.runs.device import choose_device
    from vection.runs.load import find_run_checkpoint

    find_run_checkpoint(options.run)
    from vection.app.server import serve

    def opened(address: str) -> None:
        print(f"{address} (Ctrl-C ends it)", flush=True)

    serve(options.run, port=options.port, device=choose_device(options.device), opened=opened)
