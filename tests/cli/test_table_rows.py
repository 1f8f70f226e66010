"""Commands of tables' rows, as docs/datasets.md prints them, on tiny data in the real layout."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cli.test_commands import succeeds
from tests.cli.test_wrong_input import fails

from vection.formats.checkpoint import save_checkpoint
from vection.formats.prediction_folder import find_prediction_folders, read_prediction_list
from vection.recipes.methods import build_method
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe

Capture = pytest.CaptureFixture[str]

CITY_CAMERA = {"intrinsic": {"fx": 2262.5, "fy": 2265.3, "u0": 1097.0, "v0": 513.1}, "extrinsic": {"baseline": 0.2}}


@pytest.fixture(scope="module")
def sgdepth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network has learned nothing, but knows classes."""
    folder = tmp_path_factory.mktemp("runs") / "sgdepth"
    recipe = get_recipe("sgdepth-debug")
    save_checkpoint(folder, weights=build_method(recipe.method).state_dict(), config={"recipe": recipe_to_json(recipe)})
    return folder


def write_png(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), values)


@pytest.fixture
def cityscapes(tmp_path: Path) -> Path:
    """Two images of train, one of val and one of test, an eighth of the real size."""
    root = tmp_path / "CITYSCAPES"
    parts = ("train/ulm/ulm_000000", "train/ulm/ulm_000001", "val/lindau/lindau_000000", "test/bonn/bonn_000000")
    for name in (f"{part}_000019" for part in parts):
        write_png(root / "leftImg8bit" / f"{name}_leftImg8bit.png", np.full((128, 256, 3), 90, np.uint8))
        labels = np.full((128, 256), 0 if name.startswith("test") else 7, np.uint8)
        write_png(root / "gtFine" / f"{name}_gtFine_labelIds.png", labels)
        write_png(root / "disparity" / f"{name}_disparity.png", np.full((128, 256), 9000, np.uint16))
        (root / "camera" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "camera" / f"{name}_camera.json").write_text(json.dumps(CITY_CAMERA))
    return root


def prepared(capsys: Capture, cityscapes: Path, out: Path, *words: str) -> Path:
    common = ("--split", "val", "--no-truth", "--workers", "0")
    succeeds(capsys, "prepare", "cityscapes-images", cityscapes, out, *common, *words)
    return out


def test_miou_of_cityscapes_at_the_size_of_the_paper(
    capsys: Capture, tmp_path: Path, cityscapes: Path, sgdepth: Path
) -> None:
    size = ("--width", "256", "--height", "128")  # 1024x512 in the paper
    clips = prepared(capsys, cityscapes, tmp_path / "clips", "--variant", "whole", *size)
    out = tmp_path / "predictions"
    words = ("predict", sgdepth, clips, "--no-path", "--no-video", "--no-png")
    succeeds(capsys, *words, "--out", out, *size)
    evaluate = ("evaluate", out, "--truth", cityscapes, "--protocol", "miou-cityscapes")
    scores = json.loads(succeeds(capsys, *evaluate, "--json"))
    assert scores["images"] == scores["objects"]["segmentation"]["images"] == 1  # val alone
    table = " ".join(succeeds(capsys, *evaluate).split())
    assert "1 images were evaluated, not the 500 that published numbers stand for" in table
    assert "Cityscapes' fine labels (val)" in table
    # Another size of the network is another prediction.
    succeeds(capsys, *words, "--out", tmp_path / "small")
    assert len(differing(out, tmp_path / "small")) == 1
    assert "lacks 1 of the 1 images" in fails(capsys, *evaluate, "--part", "test", code=2)
    assert "lacks 3 of the 4 images" in fails(capsys, *evaluate[:-1], "miou", code=2)
    assert "multiples of 32" in fails(capsys, *words, "--out", tmp_path / "x", "--width", "250", code=2)


def differing(first: Path, second: Path) -> list[str]:
    files = [file.relative_to(first) for file in first.rglob("depth/*.npy")]
    return [str(file) for file in files if not np.allclose(np.load(first / file), np.load(second / file))]


def test_classes_of_a_window_are_not_stretched_over_the_whole_image(
    capsys: Capture, tmp_path: Path, cityscapes: Path, sgdepth: Path
) -> None:
    clips = prepared(capsys, cityscapes, tmp_path / "clips", "--width", "416", "--height", "128")
    out = tmp_path / "predictions"
    succeeds(capsys, "predict", sgdepth, clips, "--out", out, "--no-path", "--no-video", "--no-png")
    said = fails(capsys, "evaluate", out, "--truth", cityscapes, "--protocol", "miou-cityscapes", code=2)
    assert "416x128, does not show what the truth, 256x128, shows" in " ".join(said.split())


def test_depth_of_cityscapes_takes_the_test_images(
    capsys: Capture, tmp_path: Path, cityscapes: Path, sgdepth: Path
) -> None:
    clips = tmp_path / "clips"
    succeeds(capsys, "prepare", "cityscapes-images", cityscapes, clips, "--split", "test", "--workers", "0")
    out = tmp_path / "predictions"
    succeeds(capsys, "predict", sgdepth, clips, "--out", out, "--no-path", "--no-video")
    for truth in (clips, cityscapes):
        words = ("evaluate", out, "--truth", truth, "--protocol", "cityscapes-depth", "--no-baselines")
        assert json.loads(succeeds(capsys, *words, "--json"))["results"][0]["images"] == 1
    words = ("evaluate", out, "--truth", clips, "--protocol", "cityscapes-depth", "--part", "test")
    assert "not Cityscapes in its own layout" in fails(capsys, *words, code=2)
    words = ("evaluate", out, "--truth", cityscapes, "--protocol", "cityscapes-top")
    assert "does not show what the truth" in " ".join(fails(capsys, *words, code=2).split())


def test_kitti_2015_has_images_of_several_sizes(capsys: Capture, tmp_path: Path, sgdepth: Path) -> None:
    root = tmp_path / "KITTI_2015"
    for number, (width, height) in enumerate(((124, 37), (122, 37), (124, 38))):
        for folder, name in (("image_2", f"{number:06d}_10"), ("image_2", f"{number:06d}_11")):
            write_png(root / "training" / folder / f"{name}.png", np.full((height, width, 3), 60, np.uint8))
        disparity = np.full((height, width), 256 * 20, np.uint16)
        write_png(root / "training" / "disp_occ_0" / f"{number:06d}_10.png", disparity)
        write_png(root / "training" / "obj_map" / f"{number:06d}_10.png", (disparity * 0).astype(np.uint8))
        write_png(root / "training" / "semantic" / f"{number:06d}_10.png", np.full((height, width), 7, np.uint8))
        calibration = root / "training" / "calib_cam_to_cam" / f"{number:06d}.txt"
        calibration.parent.mkdir(exist_ok=True)
        calibration.write_text("P_rect_02: 72 0 60 4 0 72 18 0 0 0 1 0\nP_rect_03: 72 0 60 -34 0 72 18 0 0 0 1 0\n")
    out = tmp_path / "predictions"
    words = ("predict", sgdepth, root / "training" / "image_2", "--out", out, "--no-path")
    assert "predict them with --no-path and --no-video" in " ".join(fails(capsys, *words, code=3).split())
    succeeds(capsys, *words, "--no-video")
    [folder] = find_prediction_folders(out)
    assert len(read_prediction_list(folder).frames) == 6
    evaluate = ("evaluate", out, "--truth", root, "--no-baselines", "--json", "--protocol")
    assert json.loads(succeeds(capsys, *evaluate, "kitti-2015-sgdepth"))["results"][0]["images"] == 3
    assert json.loads(succeeds(capsys, *evaluate, "miou-kitti-2015"))["images"] == 3
