import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vection.cli.main import main

ARCHIVES = Path(__file__).parent


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that unpacks a folder of an old format, 1 if not said, by its name."""

    def unpacked(name: str, version: int = 1) -> Path:
        with zipfile.ZipFile((ARCHIVES / f"version_{version}" / name).with_suffix(".zip")) as archive:
            archive.extractall(tmp_path)
        return tmp_path / name

    return unpacked


@pytest.fixture
def vection(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs a command, which must succeed, and returns its last line."""

    def run(*words: str | Path) -> str:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out.strip().splitlines()[-1]

    return run
