import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from tests.data.readers.fake_kitti import DRIVE, write_raw_drive
from tests.web import Web, serve

from vection.cli.main import main
from vection.data.splits import published as named_splits
from vection.data.splits.check import check_split
from vection.data.splits.listed_frames import read_parts
from vection.data.splits.published import NAMED, NamedSplit, PublishedList, find_split
from vection.errors import UsageError
from vection.recipes.recipe import DataSettings
from vection.runs.data import kitti_sets

TRAIN = "2011_09_26/a_sync 3 l\n2011_09_26/a_sync 4 r\n2011_09_26/b_sync 0000000007 l\n"
VAL = "2011_09_26/a_sync 4 l\n2011_09_26/c_sync 1 l\n"


def named(url: str | None) -> NamedSplit:
    def published(place: str, text: str) -> PublishedList:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return PublishedList(place, len(text.splitlines()), digest, None if url is None else f"{url}{place}")

    lists = {"train": published("mine/train_files.txt", TRAIN), "val": published("mine/val_files.txt", VAL)}
    return NamedSplit("a split", lists, "somebody's page")


@pytest.fixture
def split(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A published split that the local server offers."""
    (web.folder / "mine").mkdir()
    (web.folder / "mine" / "train_files.txt").write_text(TRAIN)
    (web.folder / "mine" / "val_files.txt").write_text(VAL)
    monkeypatch.setitem(named_splits.NAMED, "mine", named(web.address("")))
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    return "mine"


def test_a_name_is_downloaded_once(split: str, web: Web, tmp_path: Path):
    files = find_split(split)
    assert files == {part: tmp_path / f"cache/splits/mine/{part}_files.txt" for part in ("train", "val")}
    for file in (web.folder / "mine").iterdir():
        file.unlink()
    assert find_split(split.upper()) == files
    assert [part.prefix for part in read_parts(split)] == ["train/", "val/"]


def test_the_users_folder_comes_first(split: str, tmp_path: Path):
    own = tmp_path / "data" / "splits" / "mine"
    own.mkdir(parents=True)
    (own / "train_files.txt").write_text(TRAIN)
    files = find_split(split, near=tmp_path / "data")
    assert files["train"] == own / "train_files.txt"
    assert files["val"].is_relative_to(tmp_path / "cache")
    assert find_split(str(own)) == {"train": own / "train_files.txt"}
    assert find_split(str(own / "train_files.txt")) == {"": own / "train_files.txt"}
    with pytest.raises(UsageError, match=r"lacks val_files\.txt"):
        find_split(str(own), parts=("train", "val"))


def test_another_file_than_the_published_is_deleted(split: str, web: Web, tmp_path: Path):
    (web.folder / "mine" / "val_files.txt").write_text(TRAIN)
    with pytest.raises(UsageError, match="SHA-256"):
        find_split(split)
    assert not (tmp_path / "cache/splits/mine/val_files.txt").exists()


def test_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    with serve(tmp_path) as web:
        url = web.address("")
    monkeypatch.setitem(named_splits.NAMED, "mine", named(url))
    with pytest.raises(UsageError, match=r"put it at '.*cache/splits/mine/train_files.txt', or give the folder"):
        find_split("mine")


def test_a_split_without_an_address_says_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match=r"get waymo/train_files\.txt, .* from the folder splits of Dynamo-Depth"):
        find_split("waymo", near=tmp_path)
    with pytest.raises(UsageError, match=r"has no val_files\.txt; its lists are test"):
        find_split("eigen", near=tmp_path, parts=("val",))
    with pytest.raises(UsageError, match=r"neither.*the names are eigen-zhou"):
        find_split("nothing", near=tmp_path)


def test_counts_and_overlaps(split: str, tmp_path: Path):
    check = check_split(find_split(split))
    train, val = check.parts
    assert (train.lines, train.frames, train.drives, train.published) == (3, 3, 2, True)
    assert (val.lines, val.frames, val.drives) == (2, 2, 2)
    (shared,) = check.overlaps
    assert (shared.lines, shared.frames, shared.drives) == (0, 1, 1)
    assert check.warnings == ["train and val share 1 frames, as seen by different cameras."]
    own = tmp_path / "mine"
    own.mkdir()
    (own / "train_files.txt").write_text(TRAIN + VAL)
    (own / "val_files.txt").write_text(VAL.replace("1 l", "01 l"))
    said = check_split(find_split(str(own))).warnings
    assert "5 lines instead of 3" in said[0]
    assert "not the same" in said[1]
    assert said[2] == "train and val share 2 lines."


def test_a_recipe_takes_a_name(split: str, tmp_path: Path):
    settings = DataSettings(source="kitti-raw", split=split)
    (tmp_path / "kitti").mkdir()
    # the lists were found; the images are another matter
    with pytest.raises(Exception, match="None of the 3 listed frames"):
        kitti_sets(settings, tmp_path / "kitti", temporal=True, stereo=False)
    with pytest.raises(UsageError, match="vection splits"):
        kitti_sets(replace(settings, split=None), tmp_path, temporal=True, stereo=False)


def test_the_command(split: str, capsys: pytest.CaptureFixture[str]):
    assert main(["splits"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in NAMED)
    assert main(["splits", split]) == 0
    out = capsys.readouterr()
    assert "train and val share 0 lines, 1 frames, 1 drives" in out.out
    assert "different cameras" in out.err
    assert main(["splits", split, "--json"]) == 0
    assert '"lines": 3' in capsys.readouterr().out
    del NAMED[split].lists["val"]  # type: ignore[attr-defined]
    NAMED[split].lists["test"] = PublishedList("mine/test_files.txt")  # type: ignore[index]
    assert main(["splits", split]) == 0
    assert "not found: mine/test_files.txt; get them from somebody's page" in capsys.readouterr().out
    assert main(["splits", str(Path(__file__))]) == 3
    assert "line 2: " in capsys.readouterr().err
    assert main(["splits", "eigen-zho"]) == 2
    assert "did you mean eigen-zhou" in capsys.readouterr().err


def test_published_lists_are_what_their_hashes_say(shared_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    for name in ("eigen-zhou", "eigen", "eigen-benchmark"):
        check = check_split(find_split(name, near=shared_data))
        assert [one.published for one in check.parts] == [True] * len(check.parts)
        assert [one.lines for one in check.parts] == [one.lines for one in NAMED[name].lists.values()]
    zhou = check_split(find_split("eigen_zhou", near=shared_data))
    shared = {(one.first, one.second): (one.lines, one.frames, one.drives) for one in zhou.overlaps}
    assert shared == {("train", "val"): (0, 3950, 31), ("train", "test"): (0, 0, 0), ("val", "test"): (0, 0, 0)}
    cityscapes = check_split(find_split(str(shared_data / "splits/cityscapes/test_files.txt")))
    assert [(one.lines, one.published) for one in cityscapes.parts] == [(1525, True)]


def test_a_part_of_a_name_and_one_list_alone_train_without_validation(split: str, tmp_path: Path):
    assert find_split(f"{split}:val") == {"": tmp_path / "cache/splits/mine/val_files.txt"}
    write_raw_drive(tmp_path / "kitti")
    own = tmp_path / "own.txt"
    own.write_text(f"{DRIVE} 1 l\n{DRIVE} 2 r\n")
    settings = DataSettings(source="kitti-raw", split=str(own), width=96, height=64)
    training, validation = kitti_sets(settings, tmp_path / "kitti", temporal=True, stereo=False)
    assert (len(training), validation) == (2, None)
    left, _ = kitti_sets(replace(settings, left_only=True), tmp_path / "kitti", temporal=True, stereo=False)
    assert [(line.frame, line.side) for line in left.lines] == [(1, "l")]


def test_lists_without_a_hash_are_named_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    for name, words in (
        ("kitti", "kitti/train_files.txt (https"),
        ("waymo-motion", "waymo/test_mask_files.txt (https"),
    ):
        with pytest.raises(UsageError, match="not downloaded") as error:
            find_split(name, near=tmp_path)
        assert words in str(error.value)
    listed = [one for named_split in NAMED.values() for one in named_split.lists.values()]
    assert all(one.url is not None and one.lines is not None for one in listed if one.sha256 is not None)
    own = tmp_path / "splits" / "odom"
    own.mkdir(parents=True)
    (own / "train_files.txt").write_text("8 4056 r\n")
    (part,) = check_split(find_split("odometry", near=tmp_path)).parts
    assert (part.published, part.lines, part.expected) == (None, 1, 36671)
    said = check_split(find_split("odometry", near=tmp_path)).warnings
    assert said == [f"{own / 'train_files.txt'} is not the published list: 1 lines instead of 36671."]
