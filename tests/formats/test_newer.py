"""What a newer vection wrote is refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vection.cli.main import main
from vection.errors import DataError
from vection.formats.record import check_format

Unpack = Callable[[str], Path]


def make_newer(path: Path) -> None:
    """State a format that this vection cannot know, in a JSON file or the first line of a log."""
    first, *rest = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    path.write_text("\n".join([json.dumps(json.loads(first) | {"format": 1000}), *rest]) + "\n")


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("clips/val/drive/clip.json", "predict monodepth2 clips/val/drive --out again"),
        ("monodepth2/checkpoints/best/config.json", "predict monodepth2 clips/val/drive --out again"),
        ("monodepth2/checkpoints/last/config.json", "train ./monodepth2 --data clips --out monodepth2"),
        ("monodepth2/recipe.json", "train ./monodepth2 --data clips --out monodepth2"),
        ("monodepth2/metrics.jsonl", "train ./monodepth2 --data clips --out monodepth2"),
        ("monodepth2/metrics.jsonl", "report monodepth2"),
        ("monodepth2/evaluation.json", "report monodepth2"),
        ("monodepth2/predictions/predictions.json", "evaluate monodepth2 --truth clips/val/drive --protocol synthetic"),
    ],
)
def test_a_newer_format_is_refused(
    unpack: Unpack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    command: str,
) -> None:
    unpack("clips")
    unpack("monodepth2")
    monkeypatch.chdir(tmp_path)
    make_newer(tmp_path / file)
    assert main(command.split()) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert f"{Path(file).name} was written by a newer vection (format 1000; this one knows up to " in said
    assert said.endswith("; update vection.")


@pytest.mark.parametrize("stated", ["2", 0, -1, True, None, 1.5])
def test_what_is_no_number_of_a_format(stated: object) -> None:
    with pytest.raises(DataError, match=r"clip\.json says 'format'"):
        check_format({"format": stated}, newest=3, path=Path("clip.json"))


@pytest.mark.parametrize(("content", "number"), [({}, 1), ({"format": 2}, 2), ({"format": 3}, 3)])
def test_old_and_missing_numbers_are_known(content: dict[str, int], number: int) -> None:
    assert check_format(content, newest=3, path=Path("clip.json")) == number
