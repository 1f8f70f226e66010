"""The commands of docs/export.md for predictions do what the page says, on a drive with exact truth."""

import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.exports.conftest import Drive

from vection.cli.main import main
from vection.cli.models.network_export import names_network
from vection.inference.write import write_predictions

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
LIBRARIES = {"glb": "trimesh", "rrd": "rerun", "mcap": "rosbags", "exr": "OpenEXR"}
"""What a format's writer needs."""


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    shown = [line for line in lines if line.startswith(("vection export ", "vection view "))]
    return [line for line in shown if not names_network(shlex.split(line))]


@pytest.fixture(scope="module")
def workplace(drive: Drive, exact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with predictions/drive and predictions/photo, which has neither camera nor path."""
    root = tmp_path_factory.mktemp("workplace")
    shutil.copytree(exact, root / "predictions" / "drive")
    photo = replace(next(drive.predictions()), intrinsics=None, T_camera_to_world=None, motion_mask=None)
    write_predictions(
        [photo],
        root / "predictions" / "photo",
        model="truth",
        frames_from=str(drive.clip.folder / drive.clip.frames[0].file),
        png=False,
        video=False,
    )
    return root


@pytest.mark.parametrize("command", commands())
def test_commands_write_what_they_name(
    command: str, workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    words = shlex.split(command)[1:]
    form = words[words.index("--to") + 1] if "--to" in words else ""
    if form in LIBRARIES:
        pytest.importorskip(LIBRARIES[form])
    overwrite = ["--overwrite"] if words[0] == "export" else []
    assert main([*words, *overwrite]) == 0
    place = Path(capsys.readouterr().out.split(": ")[0])
    assert place.exists()
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_size > 0 for path in files)


def test_the_page_shows_every_format() -> None:
    from vection.exports.registry import FORMATS

    shown = {
        shlex.split(command)[shlex.split(command).index("--to") + 1] for command in commands() if "--to" in command
    }
    assert shown == set(FORMATS)
    assert len(commands()) > 15
