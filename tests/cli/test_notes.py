import pytest

from vection.cli.notes import note


def test_a_sentence_speaks_of_flags_and_its_names_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    note("warning", "Give `width=3` for [red]a[/red].mp4.")
    assert capsys.readouterr().err == "warning: Give --width 3 for [red]a[/red].mp4.\n"
