import pytest

from vection.data.splits.list_file import (
    ListLine,
    SplitLine,
    parse_image,
    parse_split_line,
    read_image_list,
    read_lines,
    read_split,
    read_static_frames,
    without_static,
)
from vection.errors import DataError, UsageError


def test_reads_three_and_two_words(tmp_path):
    (tmp_path / "list.txt").write_text("d/a_sync 0000000069 r\n\nd/b_sync 7 l\nleverkusen 12\n")
    assert read_split(tmp_path / "list.txt") == [
        SplitLine("d/a_sync", 69, "r"),
        SplitLine("d/b_sync", 7, "l"),
        SplitLine("leverkusen", 12, "l"),
    ]


@pytest.mark.parametrize("line", ["a", "a b l", "a 1 x", "a 1 l more", "a -1 l"])
def test_bad_line_is_named_by_number(tmp_path, line):
    (tmp_path / "list.txt").write_text(f"a 1 l\n{line}\n")
    with pytest.raises(DataError, match="line 2"):
        read_split(tmp_path / "list.txt")


def test_missing_empty_and_binary_files(tmp_path):
    with pytest.raises(UsageError, match="Cannot read"):
        read_split(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(DataError, match="lists no frames"):
        read_split(tmp_path / "empty.txt")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(DataError, match="no text in UTF-8"):
        read_split(tmp_path / "binary.txt")


def test_static_frames_are_left_out(tmp_path):
    (tmp_path / "static.txt").write_text("2011_09_26 a_sync 0000000003\n")
    static = read_static_frames(tmp_path / "static.txt")
    lines = [SplitLine("2011_09_26/a_sync", frame, side) for frame in (2, 3) for side in ("l", "r")]
    assert [line.frame for line in without_static(lines, static)] == [2, 2]
    (tmp_path / "static.txt").write_text("2011_09_26 a_sync\n")
    with pytest.raises(DataError, match="line 1"):
        read_static_frames(tmp_path / "static.txt")


def test_published_lists(shared_data):
    splits = shared_data / "splits"
    train = read_split(splits / "eigen_zhou/train_files.txt")
    static = read_static_frames(splits / "static_frames.txt")
    assert len(train) == 39810
    assert len(read_split(splits / "eigen_zhou/val_files.txt")) == 4424
    assert len(read_split(splits / "eigen/test_files.txt")) == 697
    assert len(read_split(splits / "eigen_benchmark/test_files.txt")) == 652
    assert len(static) == 8044
    assert len(without_static(train, static)) == 39810  # the list was made without static frames


def test_frames_may_have_names_and_lose_leading_zeros(tmp_path):
    (tmp_path / "list.txt").write_text("ulm ulm_000000_000019\na 0007 l\n")
    assert read_lines(tmp_path / "list.txt") == [ListLine("ulm", "ulm_000000_000019"), ListLine("a", "7", "l")]
    (tmp_path / "list.txt").write_text("a 1 l\na\n")
    with pytest.raises(DataError, match="line 2"):
        read_lines(tmp_path / "list.txt")


@pytest.mark.parametrize("side", ["l", "r"])
def test_a_line_names_an_image_and_the_image_names_the_line(side):
    line = parse_split_line(f"day/drive 7 {side}")
    assert line.image == f"day/drive/image_0{line.camera}/data/0000000007"
    assert parse_image(line.image) == line
    assert parse_image("day/drive/image_00/data/0000000007") is None


def test_a_list_of_images_may_name_them(tmp_path):
    (tmp_path / "list.txt").write_text("\ufeffday/drive 7 r\n\n some name.png \nclip/000001\n", encoding="utf-8")
    assert read_image_list(tmp_path / "list.txt") == (
        "day/drive/image_03/data/0000000007",
        "some name.png",
        "clip/000001",
    )


def test_stereo_pairs_mean_their_left_image(tmp_path):
    left, right = (f"d/a_sync/image_0{camera}/data/0000000069.jpg" for camera in (2, 3))
    (tmp_path / "list.txt").write_text(f"{left} {right}\n")
    assert read_split(tmp_path / "list.txt") == [SplitLine("d/a_sync", 69, "l")]
    assert read_lines(tmp_path / "list.txt") == [ListLine("d/a_sync", "69", "l")]
    for words in (f"{right} {left}", f"{left} {left}", f"{left} {right.replace('69', '70')}", f"{left} {right} l"):
        (tmp_path / "list.txt").write_text(f"{words}\n")
        with pytest.raises(DataError, match=r"line 1: .* nor a pair of images"):
            read_split(tmp_path / "list.txt")
