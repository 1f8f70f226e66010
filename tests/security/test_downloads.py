"""Downloads count only with their hash, and never come from a file of this machine."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vection.data.splits.published import NAMED
from vection.downloads import download
from vection.errors import UsageError
from vection.networks.weights.pretrained import DOWNLOADS

CONTENT = b"whole"


class Redirecting(BaseHTTPRequestHandler):
    """Leads elsewhere, or gives less than it promises."""

    def __init__(self, *arguments: object, secret: Path) -> None:
        self.secret = secret
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        places = {"/file": self.secret.as_uri(), "/ftp": "ftp://127.0.0.1/x", "/loop": "/loop", "/good": "/whole"}
        if self.path in places:
            self.send_response(302)
            self.send_header("Location", places[self.path])
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT) + (10 if self.path == "/short" else 0)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)  # so that even its hash is right
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Redirecting, secret=secret)) as serving:
        thread = threading.Thread(target=partial(serving.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def fetch(url: str, cache: Path, *, sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> Path:
    return download(url, sha256=sha256, otherwise="do without", cache=cache)


@pytest.mark.parametrize("path", ["file", "ftp", "loop", "short"])
def test_what_does_not_come_whole_over_http_is_not_kept(server: str, tmp_path: Path, path: str):
    with pytest.raises(UsageError, match="Cannot download"):
        fetch(f"{server}/{path}", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_redirection_to_the_same_file_is_followed(server: str, tmp_path: Path):
    assert fetch(f"{server}/good", tmp_path / "cache").read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "/etc/hostname"])
def test_only_http_is_fetched(tmp_path: Path, url: str):
    with pytest.raises(UsageError, match="Cannot download"):
        fetch(url, tmp_path / "cache")


@pytest.mark.parametrize("sha256", ["", "1a2b", "not a hash, but long enough"])
def test_without_a_hash_nothing_is_fetched(server: str, tmp_path: Path, sha256: str):
    with pytest.raises(ValueError, match="SHA-256"):
        fetch(f"{server}/whole", tmp_path / "cache", sha256=sha256)
    assert not (tmp_path / "cache").exists()


def test_everything_that_is_fetched_has_a_hash():
    assert all(len(digest) >= 8 for _, digest in DOWNLOADS.values())
    lists = [one for named in NAMED.values() for one in named.lists.values() if one.url is not None]
    assert all(one.sha256 is None or len(one.sha256) == 64 for one in lists)  # without one it is not fetched
