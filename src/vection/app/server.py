"""The page and its server, which listens on this machine alone."""

import itertools
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vection.app.upload import predict_upload
from vection.data.ingest.video import IMAGE_SUFFIXES
from vection.errors import UsageError, VectionError
from vection.extras import extra
from vection.progress import Report

with extra("app", purpose="The app"):
    import gradio
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import FileResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

HOST = "127.0.0.1"
"""Nobody else on the network can connect."""
MOST_KEPT = 4
"""Uploads whose predictions stay on disk; older ones make room."""
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv")
"""What the file dialogue offers besides images; whatever else decodes may be dropped as well."""


def serve(run: Path | str, *, port: int = 7860, device: str | None = None) -> None:
    """Serve the page for a run until Ctrl-C. Raises UsageError if the port is taken."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"Port {port} cannot be used ({error.strerror}); choose another with `port`.") from error
    # The server hands SIGTERM on when it has ended; the folder shall be removed then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="vection-app-") as folder:
        uvicorn.run(make_server(run, Path(folder), device=device), host=HOST, port=port, log_level="warning")


def make_server(run: Path | str, folder: Path, *, device: str | None = None) -> FastAPI:
    """Return the server; uploads are kept in `folder` and predicted into subfolders, of which few are kept."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")  # else what is uploaded would outlive the server
    server = FastAPI(openapi_url=None)
    # A page of another site that has its name point here is not let in.
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    def scene(number: int) -> FileResponse:
        return FileResponse(folder / str(number) / "page.html", media_type="text/html")

    server.add_api_route("/scenes/{number}", scene)
    page = _page(run, folder, device=device)
    return gradio.mount_gradio_app(server, page, path="/", allowed_paths=[str(folder)], footer_links=[])


def _page(run: Path | str, folder: Path, *, device: str | None) -> gradio.Blocks:
    numbers = itertools.count()

    def look(file: str | None, intrinsics: str, progress: gradio.Progress = gradio.Progress()) -> tuple[str, str, Any]:  # noqa: B008
        if file is None:
            return "Choose a video or a photo first.", "", None
        number = next(numbers)
        out = folder / str(number)

        @contextmanager
        def bars(title: str) -> Iterator[Report]:
            yield lambda done, total: progress((done, total), desc=title)

        shutil.rmtree(folder / str(number - MOST_KEPT), ignore_errors=True)
        try:
            seen = predict_upload(
                run, Path(file), out, intrinsics=intrinsics.strip() or None, device=device, progress=bars
            )
        except VectionError as error:
            shutil.rmtree(out, ignore_errors=True)
            return f"**Not predicted.** {error}", "", None
        frame = f'<iframe src="/scenes/{number}" style="width:100%;height:80vh;border:0" title="predictions"></iframe>'
        return seen.sentence, frame, [str(one) for one in seen.files]

    with gradio.Blocks(title="vection", analytics_enabled=False, fill_width=True) as page:
        gradio.Markdown(f"## vection\nDepth, camera path and what moves, predicted with `{Path(run).name}`.")
        with gradio.Row():
            with gradio.Column(scale=1, min_width=280):
                suffixes = [*VIDEO_SUFFIXES, *sorted(IMAGE_SUFFIXES)]
                file = gradio.File(label="Video or photo", type="filepath", file_types=suffixes, elem_id="file")
                intrinsics = gradio.Textbox(
                    label="Camera, if you know it",
                    placeholder="fov:70",
                    info="Horizontal field of view in degrees, or fx,fy,cx,cy in pixels or normalised.",
                )
                button = gradio.Button("Predict", variant="primary", elem_id="predict")
                sentence = gradio.Markdown(elem_id="sentence")
                files = gradio.File(label="Take away", interactive=False)
            with gradio.Column(scale=4):
                scene = gradio.HTML(elem_id="scene")
        button.click(look, [file, intrinsics], [sentence, scene, files])
    return page
