"""The app: what becomes of an upload, and a browser that uses it."""

import http.client
import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from tests.cli.conftest import write_video

from vection.app.upload import predict_upload
from vection.cli.main import main
from vection.data.clips.folder import read_rgb, write_rgb
from vection.data.synthetic import render_drive, still_street
from vection.errors import DataError, UsageError

MISSING = [name for name in ("gradio", "websockets") if importlib.util.find_spec(name) is None]
needs_gradio = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: pip install 'vection[app]'")
MODEL = "street"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of a short drive, and beside it the drive as a video."""
    folder = tmp_path_factory.mktemp("app")
    images = [
        frame.image for frame in render_drive(still_street(width=208, height=64, frames=4, antialias=False), seed=3)
    ]
    write_video(folder / "drive.mp4", images)
    write_rgb(folder / "photo.png", images[0])
    return folder / "photo.png"


def test_a_photo_has_a_page_and_files(tmp_path: Path, photo: Path):
    seen = predict_upload(MODEL, photo, tmp_path / "out", device="cpu")
    assert "60 degrees" in seen.sentence
    assert "up-to-scale" in seen.sentence
    assert "vection view" in seen.page.read_text(encoding="utf-8")[:800]
    assert [file.name for file in seen.files] == ["depth.png", "path_tum.txt", "predictions.zip"]
    assert "60 degrees" not in predict_upload(MODEL, photo, tmp_path / "b", intrinsics="fov:70", device="cpu").sentence


def test_a_lens_is_undone_as_predict_does(tmp_path: Path, photo: Path):
    camera = {"width": 208, "height": 64, "fx": 150.0, "fy": 150.0, "cx": 103.5, "cy": 31.5}
    (tmp_path / "camera.json").write_text(json.dumps(camera | {"dist_k1k2p1p2k3": [-0.2, 0, 0, 0, 0]}))
    seen = predict_upload(MODEL, photo, tmp_path / "out", intrinsics=str(tmp_path / "camera.json"), device="cpu")
    assert "undistorted" in seen.sentence
    assert "60 degrees" not in seen.sentence


def test_of_a_cut_video_the_longest_scene_is_shown(tmp_path: Path, photo: Path):
    image = read_rgb(photo)
    write_video(tmp_path / "cut.mp4", [image] * 2 + [image[::-1]] * 3)
    seen = predict_upload(MODEL, tmp_path / "cut.mp4", tmp_path / "out", device="cpu")
    assert "cut into 2 scenes, of which the longest is shown: frames 000002..000004" in seen.sentence
    assert seen.sentence.startswith("3 frames")


def test_what_is_no_picture_is_refused(tmp_path: Path):
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(DataError, match=r"notes\.mp4"):
        predict_upload(MODEL, tmp_path / "notes.mp4", tmp_path / "out", device="cpu")
    write_rgb(tmp_path / "grey.png", np.zeros((64, 96, 3), np.uint8))
    with pytest.raises(UsageError, match="fov"):
        predict_upload(MODEL, tmp_path / "grey.png", tmp_path / "out", intrinsics="fov:wide", device="cpu")


def server(port: int, **streams: int) -> subprocess.Popen[str]:
    """Serve in a process of its own: Gradio leaves sockets and event loops behind."""
    words = [sys.executable, "-m", "vection", "app", MODEL, "--port", str(port), "--device", "cpu"]
    return subprocess.Popen(words, text=True, **streams)


@needs_gradio
def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = server(port, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, complaint = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"Port {port} cannot be used" in " ".join(complaint.split())


def test_a_run_that_is_not_there(capsys: pytest.CaptureFixture[str]):
    assert main(["app", "no/such/run"]) == 2
    assert "no/such/run" in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def address() -> Iterator[str]:
    """A server of the app."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = server(port, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    address = process.stdout.readline().split(" ")[0]
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield address
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode in (0, 130, -15)


def answer(address: str, *, cookie: str = "") -> tuple[int, dict[str, str]]:
    """Return the status of an answer and its headers; redirections are not followed."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    target = urlsplit(address)
    connection.request("GET", f"{target.path}?{target.query}", headers={"Cookie": cookie} if cookie else {})
    found = connection.getresponse()
    found.read()
    connection.close()
    return found.status, dict(found.getheaders())


@needs_gradio
def test_nobody_is_served_without_the_token(address: str):
    begin, _, token = address.partition("?vection_token=")
    assert begin.startswith("http://127.0.0.1:")
    assert len(token) >= 32
    for path in ("", "config", "gradio_api/info", "scenes/0", "?vection_token=", f"?vection_token={token[:-1]}"):
        assert answer(begin + path)[0] == 403
    status, headers = answer(address)
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    cookie = headers["set-cookie"].split(";")[0]
    assert answer(begin, cookie=cookie)[0] == 200
    assert answer(begin, cookie=cookie[:-1])[0] == 403
    port = urlsplit(address).port
    assert port is not None
    with socket.socket() as elsewhere:  # an address of this machine that is not 127.0.0.1
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


@needs_gradio
def test_a_browser_uploads_and_sees(tmp_path: Path, photo: Path, address: str):
    from tests.app.browser import find_browser, open_tab

    browser = find_browser()
    if browser is None:
        pytest.skip("needs a browser: chromium or google-chrome")
    (tmp_path / "notes.mp4").write_text("no video")
    with open_tab(browser, address) as tab:
        files = (
            (tmp_path / "notes.mp4", "Not predicted"),
            (photo, "1 frame"),
            (photo.with_name("drive.mp4"), "4 frames"),
        )
        for number, (file, said) in enumerate(files):
            if number:
                tab.value("document.querySelector('#file button[aria-label]').click()")
            tab.wait("document.querySelector('#file input[type=file]') !== null")
            tab.choose_file("#file input[type=file]", file)
            tab.wait(f"document.querySelector('#file').innerText.includes('{file.stem}')")
            tab.value("document.querySelector('#predict').click()")
            tab.wait(f"document.querySelector('#sentence').innerText.includes('{said}')")
            if number:
                tab.wait("document.querySelector('#scene iframe')?.contentDocument?.title.startsWith('vection view')")
            else:
                assert tab.value("document.querySelector('#scene iframe') === null")
