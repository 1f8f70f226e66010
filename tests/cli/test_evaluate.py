"""Predictions of other programs through the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cli.test_commands import succeeds
from tests.cli.test_wrong_input import fails

Capture = pytest.CaptureFixture[str]
DEPTH = np.linspace(2, 40, 8 * 24, dtype=np.float32).reshape(8, 24)
LINES = ("d/a_sync 5 l", "d/a_sync 6 l", "d/b_sync 7 l")
NAMES = ("d/a_sync/image_02/data/0000000005", "d/a_sync/image_02/data/0000000006", "d/b_sync/image_02/data/0000000007")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """True depth of three listed images, and predictions at a half, a third and a quarter of it."""
    np.savez(tmp_path / "truth.npz", **dict.fromkeys(NAMES, DEPTH))
    np.savez(tmp_path / "part.npz", **dict.fromkeys(NAMES[1:], DEPTH))
    np.save(tmp_path / "disps.npy", np.stack([2 / DEPTH, 3 / DEPTH, 4 / DEPTH]))
    (tmp_path / "list.txt").write_text("\n".join(LINES) + "\n")
    return tmp_path


def errors(capsys: Capture, *words: str | Path) -> dict:
    content = json.loads(succeeds(capsys, "evaluate", *words, "--no-baselines", "--json"))
    return content | content["results"][0]


def test_rows_of_a_larger_file_by_its_list(capsys: Capture, files: Path) -> None:
    words = (files / "disps.npy", "--truth", files / "part.npz", "--protocol", "eigen-benchmark")
    assert "list has 2 images" in fails(capsys, "evaluate", *words, code=2)
    found = errors(capsys, *words, "--names", files / "list.txt")
    assert found["errors"]["all"]["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert found["scale"]["median"] == pytest.approx(3.5)
    assert "published with 652 images" in found["protocol"]["description"]


def test_a_given_scale_and_the_errors_of_the_server(capsys: Capture, files: Path) -> None:
    words = (files / "disps.npy", "--truth", files / "truth.npz", "--protocol", "kitti-server", "--factor", "3")
    found = errors(capsys, *words, "--csv", files / "scores.csv")
    # 3/2, 3/3 and 3/4 of the truth.
    assert found["server"]["all"]["absErrorRel"] == pytest.approx(100 * (0.5 + 0 + 0.25) / 3, rel=1e-4)
    assert "x3;" in found["protocol"]["description"]
    assert "iRMSE" in (files / "scores.csv").read_text().splitlines()[0]
    assert "must be positive" in fails(capsys, "evaluate", *words[:-1], "-1", code=2)
    one = errors(capsys, *words[:4], "kitti-server-one-scale")
    assert one["scale"]["median"] == pytest.approx(3)


def test_truth_of_kitti_raw_by_a_published_list(capsys: Capture, files: Path) -> None:
    for line in LINES:
        drive = files / "raw" / line.split()[0]
        folder = drive / "proj_depth" / "groundtruth" / "image_02"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{int(line.split()[1]):010d}.png"), np.round(DEPTH * 256).astype(np.uint16))
    words = (files / "disps.npy", "--truth", files / "raw", "--truth-list", files / "list.txt", "--protocol")
    found = errors(capsys, *words, "eigen-benchmark")
    assert found["images"] == 3
    assert found["errors"]["all"]["abs_rel"] == pytest.approx(0, abs=1e-3)
    assert "leave --truth-list out" in fails(capsys, "evaluate", *words, "synthetic", code=2)
    assert "calib_cam_to_cam" in fails(capsys, "evaluate", *words, "kitti-eigen", "--no-baselines", code=2)


def test_folders_in_order_and_kinds(capsys: Capture, files: Path) -> None:
    (files / "maps").mkdir()
    for index in range(3):
        np.save(files / "maps" / f"{index}.npy", 5 / DEPTH)
    words = (files / "maps", "--truth", files / "truth.npz", "--protocol", "kitti-server-one-scale")
    assert "--in-order" in fails(capsys, "evaluate", *words, code=2)
    wrong = errors(capsys, *words, "--in-order")
    right = errors(capsys, *words, "--in-order", "--kind", "inverse-depth")
    assert wrong["errors"]["all"]["abs_rel"] > 0.3
    assert right["errors"]["all"]["abs_rel"] == pytest.approx(0, abs=1e-6)


def test_classes_alone(capsys: Capture, files: Path) -> None:
    city = files / "cityscapes" / "gtFine" / "val" / "ulm"
    city.mkdir(parents=True)
    (files / "classes").mkdir()
    cv2.imwrite(str(city / "ulm_000001_000019_gtFine_labelIds.png"), np.array([[7, 26], [26, 0]], np.uint8))
    cv2.imwrite(str(files / "classes" / "mine.png"), np.array([[0, 13], [0, 0]], np.uint8))
    words = ("evaluate", files / "classes", "--truth", files / "cityscapes", "--protocol", "miou")
    assert "--in-order" in fails(capsys, *words, code=2)
    words = (*words, "--in-order", "--csv", files / "scores.csv", "--out", files / "scores.json")
    found = json.loads(succeeds(capsys, *words, "--json"))
    assert found["objects"]["segmentation"]["mean_iou"] == pytest.approx(0.5)
    assert json.loads((files / "scores.json").read_text())["protocol"]["name"] == "miou"
    assert (files / "scores.csv").read_text().splitlines()[0] == "name,pixels,mean_iou,accuracy"
    table = " ".join(succeeds(capsys, *words).split())
    assert "mIoU" in table
    assert "Cityscapes' fine labels" in table
    assert "no predictions at" in fails(capsys, "evaluate", files / "none", *words[2:6], code=2)


def test_the_factor_of_the_truth_is_that_of_the_row_means_as_well(capsys: Capture, files: Path) -> None:
    for folder in ("truth", "training"):
        (files / folder).mkdir()
        cv2.imwrite(str(files / folder / "0.png"), np.round(DEPTH * 1000).astype(np.uint16))
    np.savez(files / "depth.npz", **{"0": DEPTH})
    words = ("evaluate", files / "depth.npz", "--truth", files / "truth", "--protocol", "kitti-server", "--json")
    words = (*words, "--truth-factor", "1000", "--row-mean-from", files / "training")
    found = {result["name"]: result for result in json.loads(succeeds(capsys, *words))["results"]}
    assert found["row-mean depth"]["scale"]["median"] == pytest.approx(1, rel=0.2)
    np.savez(files / "training.npz", **{"0": DEPTH})  # which states its unit
    found_again = json.loads(succeeds(capsys, *words[:-1], files / "training.npz"))["results"]
    assert found_again[2]["scale"]["median"] == pytest.approx(found["row-mean depth"]["scale"]["median"], rel=1e-3)


def test_what_would_change_nothing_is_refused(capsys: Capture, files: Path) -> None:
    (files / "maps").mkdir()
    for index in range(3):
        np.save(files / "maps" / f"{index}.npy", DEPTH)
    words = ("evaluate", files / "maps", "--truth", files / "truth.npz", "--protocol", "eigen-benchmark")
    said = " ".join(fails(capsys, *words, "--names", files / "list.txt", code=2).split())
    assert "have names, so --names says nothing of them; leave it out, or give --in-order too" in said
    said = fails(capsys, *words, "--no-baselines", "--row-mean-from", files / "truth.npz", code=2)
    assert "--row-mean-from is of row-mean depth, which --no-baselines leaves out" in " ".join(said.split())
