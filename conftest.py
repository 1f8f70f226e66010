"""Examples in docstrings and in docs/library.md run in folders of their own."""

import pytest


@pytest.fixture(autouse=True)
def _example_folder(request: pytest.FixtureRequest) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
