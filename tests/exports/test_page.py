"""The page of `vection view`, opened without a network."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.exports.conftest import Drive

from vection.cli.main import main
from vection.errors import UsageError
from vection.runs.export import view

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

USE = """<script>
window.addEventListener("load", () => setTimeout(async () => {
  const slider = document.getElementById("slider");
  slider.value = 2;
  slider.dispatchEvent(new Event("input"));
  await new Promise(done => setTimeout(done, 500));
  const picture = document.getElementById("depth"), box = picture.getBoundingClientRect();
  const at = { clientX: box.left + box.width * (COLUMN + .5) / picture.width,
    clientY: box.top + box.height * (ROW + .5) / picture.height };
  picture.dispatchEvent(new PointerEvent("pointermove", at));
  document.querySelector("[data-view=through]").click();
  await new Promise(done => setTimeout(done, 500));
  const canvas = document.getElementById("scene");
  const rgba = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 0; i < rgba.length; i += 4) painted += rgba[i] !== 0x14 || rgba[i + 1] !== 0x16 || rgba[i + 2] !== 0x1a;
  document.body.dataset.painted = painted / (rgba.length / 4);
  document.body.dataset.used = "true";
}, 500));
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((shutil.which(name) for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        pytest.skip(f"no browser; install one of {', '.join(BROWSERS)} to run this test")
    return found


@pytest.fixture(scope="module")
def page(exact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (written,) = view(exact, tmp_path_factory.mktemp("page") / "drive.html")
    return written.path


def test_the_page_needs_nothing_beside_itself(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "__SCENE__" not in text
    assert re.findall(r"https?://", text) == []
    assert set(re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', text)) == set()


def test_the_page_works_offline(page: Path, browser: str, drive: Drive, tmp_path: Path) -> None:
    """The slider moves, the depth under the pointer is the true one, and the camera's own view is painted."""
    row, column = 50, 30
    used = tmp_path / "used.html"
    script = USE.replace("ROW", str(row)).replace("COLUMN", str(column))
    used.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{script}</body>"), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,700"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=8000", "--dump-dom", used.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    match = re.search(r"<body([^>]*)>", done.stdout)
    assert match, done.stderr[-2000:]
    found = dict(re.findall(r'data-([a-z]+)="([^"]*)"', match[1]))
    assert found["used"] == "true", found
    assert found["frame"] == drive.clip.frames[2].stem
    assert int(found["drawn"]) > 1000
    assert float(found["painted"]) > 0.2
    shown = re.search(r"depth here: about ([\d.]+) m", done.stdout)
    assert shown, done.stdout[-3000:]
    assert float(shown[1]) == pytest.approx(drive.depths[2][row, column], rel=0.02)


def test_without_a_window_a_page_is_written(
    exact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    folder = Path(shutil.copytree(exact, tmp_path / "drive"))
    assert main(["view", str(folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{tmp_path / 'drive.html'}: metres; {8} frames")
    assert "a page, because there is no display" in out


def test_levels_of_depth_are_fine_enough() -> None:
    from vection.exports.page import LEVELS, _levels

    depth = np.geomspace(1, 80, 50, dtype=np.float32)[None]
    levels = _levels(depth, (1.0, 80.0)).astype(np.float64)
    np.testing.assert_allclose(80 ** ((levels - 1) / (LEVELS - 1)), depth, rtol=0.01)
    assert _levels(np.zeros((1, 2), np.float32), (1.0, 80.0)).max() == 0


def test_only_a_page_is_replaced_unasked(exact: Path, tmp_path: Path) -> None:
    place = tmp_path / "notes.html"
    place.write_text("mine")
    with pytest.raises(UsageError, match="was not exported by vection"):
        view(exact, place)
    assert place.read_text() == "mine"
    place.unlink()
    view(exact, place)
    view(exact, place)
