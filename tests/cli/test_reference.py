import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
TESTED = (PROJECT / "constraints.txt").read_text().splitlines()


@pytest.mark.skipif(f"tyro=={version('tyro')}" not in TESTED, reason="versions of tyro lay out help differently")
def test_the_reference_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")  # restored afterwards; the script chooses its own width
    spec = importlib.util.spec_from_file_location("cli_reference", DOCS / "cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.reference() == (DOCS / "cli.md").read_text(), "run make docs"
