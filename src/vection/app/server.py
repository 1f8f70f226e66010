"""The page and its server, which listens on this machine alone."""

import itertools
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vection.app.upload import predict_upload
from vection.data.ingest.files import IMAGE_SUFFIXES
from vection.errors import UsageError, VectionError
from vection.extras import extra
from vection.progress import Report

with extra("app", purpose="The app"):
    import gradio
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import FileResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import HTTPConnection
    from starlette.responses import PlainTextResponse, RedirectResponse
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
"""Nobody else on the network can connect."""
TOKEN = "vection_token"
MOST_KEPT = 4
"""Uploads whose predictions stay on disk; older ones make room."""
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv")
"""What the file dialogue offers besides images; whatever else decodes may be dropped as well."""


def serve(
    run: Path | str, *, port: int = 7860, device: str | None = None, opened: Callable[[str], None] = lambda _: None
) -> None:
    """Serve the page for a run until Ctrl-C. Raises UsageError if the port is taken.

    `opened` is told the address of the page, whose token is drawn anew each time: nobody is served without it.
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"Port {port} cannot be used ({error.strerror}); choose another with `port`.") from error
    # The server hands SIGTERM on when it has ended; the folder shall be removed then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="vection-app-") as folder:
        server = make_server(run, Path(folder), token=token, device=device)
        opened(f"http://{HOST}:{port}/?{TOKEN}={token}")
        uvicorn.run(server, host=HOST, port=port, log_level="warning")


def make_server(run: Path | str, folder: Path, *, token: str, device: str | None = None) -> FastAPI:
    """Return the server; uploads are kept in `folder` and predicted into subfolders, of which few are kept.

    Only who has named the `token` once in an address is answered; then a cookie remembers it.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")  # else what is uploaded would outlive the server
    server = FastAPI(openapi_url=None)
    # A page of another site that has its name point here is not let in.
    server.add_middleware(TokenMiddleware, token=token)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    def scene(number: int) -> FileResponse:
        return FileResponse(folder / str(number) / "page.html", media_type="text/html")

    server.add_api_route("/scenes/{number}", scene)
    page = _page(run, folder, device=device)
    return gradio.mount_gradio_app(server, page, path="/", allowed_paths=[str(folder)], footer_links=[])


class TokenMiddleware:
    """Answers nobody, and opens no connection, who does not show the token, in the address or in the cookie."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        cookie = f"{TOKEN}_{connection.url.port}"  # cookies do not know of ports, and two apps may run
        if self._is_right(connection.cookies.get(cookie, "")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif self._is_right(connection.query_params.get(TOKEN, "")):
            welcome = RedirectResponse("/", status_code=303)  # so that the address bar and logs forget the token
            welcome.set_cookie(cookie, self.token, httponly=True, samesite="lax")
            await welcome(scope, receive, send)
        else:
            answer = PlainTextResponse("Open the whole address that vection app printed.", status_code=403)
            await answer(scope, receive, send)

    def _is_right(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), self.token.encode())


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
