"""What files say is shown as text: in the report, on the page, in the terminal; and neither page loads anything."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.table import Table
from tests.reports.fake_run import write_fake_run

from vection.cli.console import PlainConsole, say
from vection.cli.main import main
from vection.cli.notes import note
from vection.cli.progress import progress_bar
from vection.exports.page import TEMPLATE, script_json
from vection.names import printable
from vection.reports.report import write_report

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</title><!--"
STEERING = "a\x1b]0;title\x07\x1b[2J\r\N{RIGHT-TO-LEFT OVERRIDE}b\x9b31m"


class Elements(HTMLParser):
    """Which elements a page has, and with what attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def changed(value: object) -> object:
    """Put what is hostile before every text of a JSON document, and into its keys."""
    if isinstance(value, dict):
        return {key: changed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [changed(inner) for inner in value]
    return HOSTILE + value if isinstance(value, str) else value


def hostile_report(folder: Path) -> str:
    run = write_fake_run(folder / "run")
    recipe = changed(json.loads((run / "recipe.json").read_text()))
    (run / "recipe.json").write_text(json.dumps(recipe))
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation["protocol"] = changed(evaluation["protocol"])
    evaluation["truth"] = HOSTILE
    evaluation["results"][1]["name"] = HOSTILE
    (run / "evaluation.json").write_text(json.dumps(evaluation))
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for event in events:
        event |= {"stage": HOSTILE, "terms": {HOSTILE: 1.0}, "remarks": [HOSTILE]}
    (run / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return write_report(run).read_text(encoding="utf-8")


def test_the_report_shows_hostile_words_as_words(tmp_path: Path):
    page = hostile_report(tmp_path)
    assert "&lt;script&gt;" in page
    elements = Elements(page).found
    assert {tag for tag, _ in elements} & {"script", "iframe", "object", "embed", "link", "base", "form"} == set()
    assert [attributes for _, attributes in elements if any(name.startswith("on") for name in attributes)] == []
    assert "{{7*7}}" in page


@pytest.mark.parametrize("kind", ["report", "page"])
def test_a_page_loads_nothing(tmp_path: Path, kind: str):
    text = write_report(write_fake_run(tmp_path / "run")).read_text(encoding="utf-8")
    if kind == "page":
        text = TEMPLATE.read_text(encoding="utf-8")
    elements = Elements(text).found
    policies = [one["content"] or "" for tag, one in elements if tag == "meta" and "http-equiv" in one]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; img-src data:;")
    assert "http" not in policies[0]
    for _, attributes in elements:
        for name in ("src", "href", "data", "poster", "srcset", "action"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert re.findall(r"url\((?!['\"]?(?:data:|#))|@import|https?://(?!www\.w3\.org)", text) == []


def test_json_in_a_page_cannot_end_its_script():
    text = script_json({"name": HOSTILE})
    assert "<" not in text
    assert json.loads(text) == {"name": HOSTILE}


def test_a_name_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["report", str(tmp_path / STEERING)]) == 2
    note("warning", STEERING)
    with progress_bar(STEERING) as report:
        report(1, 1)
    said = capsys.readouterr().err
    for control in "\x1b\x07\r\x9b\N{RIGHT-TO-LEFT OVERRIDE}":
        assert control not in said
    assert said.count(r"a\x1b]0;title\x07\x1b[2J") == 3
    assert printable("Möwe fährt 東京 (1)") == "Möwe fährt 東京 (1)"


def test_a_table_shows_names_as_they_are():
    table = Table("name", caption=f"[b]{STEERING}")
    table.add_row(f"[/x][red]:smile:{STEERING}")
    written = io.StringIO()
    console = PlainConsole(width=200)
    console.file = written
    console.print(table)
    assert r"[/x][red]:smile:a\x1b]0;title" in written.getvalue()
    assert "\x1b]" not in written.getvalue()


def test_a_terminal_is_spared_and_a_pipe_gets_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    say(STEERING)
    assert capsys.readouterr().out == f"{STEERING}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    say(STEERING)
    assert "\x1b" not in capsys.readouterr().out
