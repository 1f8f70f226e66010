"""Whole or not at all."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from vection.errors import DataError, UsageError
from vection.files import (
    check_room,
    find_folder,
    read_json,
    read_text,
    remove_unfinished,
    whole_file,
    whole_folder,
    write_text,
)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_appears_when_the_block_ends_well(tmp_path: Path):
    path = tmp_path / "new" / "a.txt"
    with whole_file(path) as temporary:
        temporary.write_text("one")
        assert temporary.suffix == ".txt"
        assert not path.exists()
    assert path.read_text() == "one"
    assert names(path.parent) == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError), whole_file(path) as temporary:
        temporary.write_text("new\ud800", encoding="utf-8")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"Cannot write .*: File exists"):
        write_text(tmp_path / "file" / "a.txt", "")


def test_a_folder_appears_when_the_block_ends_well(tmp_path: Path):
    path = tmp_path / "new" / "folder"
    with whole_folder(path) as temporary:
        (temporary / "a").write_text("1")
        assert not path.exists()
    assert names(path) == ["a"]
    assert names(path.parent) == ["folder"]


def test_a_folder_is_replaced_only_on_request(tmp_path: Path):
    path = tmp_path / "folder"
    path.mkdir()
    with whole_folder(path) as temporary:  # an empty one is in nobody's way
        (temporary / "old").write_text("1")
    with pytest.raises(UsageError, match="exists already"), whole_folder(path):
        pass
    with pytest.raises(ValueError), whole_folder(path, overwrite=True):
        raise ValueError
    assert names(path) == ["old"]
    with whole_folder(path, overwrite=True) as temporary:
        (temporary / "new").write_text("1")
    assert names(path) == ["new"]
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, UsageError, "No such file.*; make it anew"),
        (b"\xff\xfe\x00", DataError, "no text in UTF-8; make it anew"),
        (b"{", DataError, "not valid JSON.*; make it anew"),
        (b"[1]", DataError, "holds no JSON object; make it anew"),
        (b"[" * 100_000, DataError, "not valid JSON"),
    ],
)
def test_reading_says_why_not(tmp_path: Path, content: bytes | None, kind: type[Exception], message: str):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind, match=message):
        read_json(path, remedy="make it anew.")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(tmp_path / "a", remedy="") == "{}"


def test_a_file_that_cannot_be_read_is_no_place_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "new" / "a.txt"):
        (tmp_path / "missing").read_text()


class Killed(BaseException):
    pass


def test_a_kill_amid_the_replacement_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "folder"
    with whole_folder(path) as temporary:
        (temporary / "old").write_text("1")
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        if target == path:
            raise Killed
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(Killed), whole_folder(path, overwrite=True) as temporary:
            (temporary / "new").write_text("1")
    assert not path.exists()
    found = find_folder(path)
    assert found is not None
    assert names(found) == ["old"]
    with whole_folder(path, overwrite=True) as temporary:
        (temporary / "new").write_text("1")
    assert find_folder(path) == path
    assert names(tmp_path) == ["folder"]
    assert find_folder(tmp_path / "none") is None


def test_an_error_amid_the_replacement_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "folder"
    with whole_folder(path) as temporary:
        (temporary / "old").write_text("1")
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "folder" and target == path:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt), whole_folder(path, overwrite=True):
            pass
    assert names(path) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_what_killed_programs_left_is_removed(tmp_path: Path):
    (tmp_path / ".vection-abc" / "half").mkdir(parents=True)
    (tmp_path / "whole").mkdir()
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["whole"]


def test_a_missing_file_of_the_data_is_damage_and_no_mistake_of_the_user(tmp_path: Path):
    with pytest.raises(DataError, match=r"Cannot read .*; copy it again"):
        read_text(tmp_path / "missing", remedy="copy it again.", missing=DataError)


def test_a_place_far_below_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for below in ("a/b/c.txt", "a.txt"):
        with pytest.raises(UsageError, match="Cannot write"), whole_file(tmp_path / "file" / below):
            pass
    with pytest.raises(UsageError, match="Cannot write"), whole_folder(tmp_path / "file" / "a" / "b"):
        pass


def test_a_disk_that_will_not_hold_it_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2e9))
    check_room(tmp_path / "new" / "clip", 1.9e9)
    with pytest.raises(
        UsageError, match=rf"At least 2\.1 GB .* disk of {tmp_path} has 2\.0 GB free; .* or write less \(`stride`\)\."
    ):
        check_room(tmp_path / "new" / "clip", 2.1e9, thinning="`stride`")
    with whole_folder(tmp_path / "clip") as temporary, pytest.raises(UsageError, match=rf"disk of {tmp_path} has"):
        check_room(temporary, 2.1e9)


def test_names_that_are_no_text_are_written_out(tmp_path: Path):
    write_text(tmp_path / "card.md", "run \udcff")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == r"run \udcff"
