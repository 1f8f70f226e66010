import hashlib
from pathlib import Path

import pytest
from tests.web import Web, serve

from vection.downloads import cache_folder, download
from vection.errors import UsageError


def fetch(url: str, *, sha256: str, cache: Path) -> Path:
    return download(url, sha256=sha256, otherwise="do without", cache=cache)


def test_a_file_is_fetched_once(web: Web, tmp_path: Path):
    content = b"a list"
    (web.folder / "list.txt").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = fetch(web.address("list.txt"), sha256=digest, cache=tmp_path / "cache")
    (web.folder / "list.txt").unlink()  # from here on only the cache has it
    assert fetch(web.address("list.txt"), sha256=digest[:8], cache=tmp_path / "cache") == file
    assert file.read_bytes() == content


def test_a_wrong_hash_removes_the_file(web: Web, tmp_path: Path):
    (web.folder / "file.pth").write_bytes(b"something else")
    with pytest.raises(UsageError, match=r"SHA-256 .*, not 00000000\.\.\.; it was deleted"):
        fetch(web.address("file.pth"), sha256="00000000", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_missing_file_says_what_to_do(web: Web, tmp_path: Path):
    with pytest.raises(UsageError, match=r"Cannot download .*HTTPError.*do without\."):
        fetch(web.address("nothing.pth"), sha256="00000000", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_offline_says_where_to_put_the_file(tmp_path: Path):
    with serve(tmp_path) as web:
        url = web.address("file.pth")
    with pytest.raises(UsageError, match=r"Cannot download .*ConnectionError.*put it at '.*file\.pth'"):
        fetch(url, sha256="00000000", cache=tmp_path)


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(UsageError, match=r"cannot be written.*VECTION_CACHE"):
        fetch("http://127.0.0.1:9/x", sha256="00000000", cache=cache_folder())
