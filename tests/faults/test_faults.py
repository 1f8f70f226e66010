"""Inputs, names and places that once ended in a bug, a dead process or silence: each has its ending and sentence.

A row is one of its kind. What kills, full disks and two processes at once do is tested in `tests/kills`.
"""

import contextlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.faults.inputs import CAMERA, MAPS, OTHER_DAY, copied

from vection.cli.main import main

Damage = Callable[[Path], object]
INGEST = "ingest --width 96 --height 64 --out out"
PREPARE = "--width 96 --height 64 --workers 0"
SYNTHETIC = "--protocol synthetic --no-baselines"
RAW = "--truth kitti --truth-list list.txt --protocol kitti-eigen --no-baselines"
DEEP = "[" * 100_000


@dataclass(frozen=True)
class Fault:
    """One row: a kind of input, what is wrong with it, the command, and how that must end."""

    name: str
    kind: str
    damage: Damage
    words: str
    code: int
    says: str = ""
    """Pattern of standard error."""


def cut(name: str) -> Damage:
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:-40])


def moved(name: str, to: str) -> Damage:
    def damage(root: Path) -> None:
        (root / to).parent.mkdir(exist_ok=True)
        (root / name).rename(root / to)

    return damage


def text(name: str, content: str) -> Damage:
    return lambda root: (root / name).write_text(content)


def setting(name: str, *keys: str, to: object) -> Damage:
    """Write another value into a JSON file."""

    def damage(root: Path) -> None:
        content = inner = json.loads((root / name).read_text())
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to
        (root / name).write_text(json.dumps(content))

    return damage


def truth(**arrays: np.ndarray) -> Damage:
    return lambda root: np.savez(root / "clip/truth/000002.npz", **arrays)


def large_png(root: Path) -> None:
    coded = bytearray(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    coded[16:24] = (60000).to_bytes(4) * 2
    (root / "images/0.png").write_bytes(coded)


def large_jpeg(root: Path) -> None:
    coded = (root / "images/0.jpg").read_bytes()
    place = coded.index(b"\xff\xc0") + 5
    (root / "images/0.jpg").write_bytes(coded[:place] + (60000).to_bytes(2) * 2 + coded[place + 4 :])


def claims_terabytes(root: Path) -> None:
    with (root / "maps/000002.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)})


def weight(change: Callable[[torch.Tensor], torch.Tensor]) -> Damage:
    """Change a tensor of published weights."""

    def damage(root: Path) -> None:
        state = torch.load(root / "weights/depth.pth", weights_only=True)
        name = next(name for name in state if name.endswith("weight"))
        torch.save(state | {name: change(state[name])}, root / "weights/depth.pth")

    return damage


def stated_height(value: float) -> Damage:
    def damage(root: Path) -> None:
        state = torch.load(root / "weights/encoder.pth", weights_only=True)
        torch.save(state | {"height": value}, root / "weights/encoder.pth")

    return damage


def flipped_weights(root: Path) -> None:
    """Flip a bit of a tensor, which only the archive's checksum tells."""
    file = root / "weights/depth.pth"
    with zipfile.ZipFile(file) as archive:
        member = max(archive.infolist(), key=lambda one: one.file_size)
    data = bytearray(file.read_bytes())
    data[member.header_offset + 1000] ^= 1
    file.write_bytes(data)


def infinite_calibration(root: Path) -> None:
    file = root / "kitti" / OTHER_DAY.partition("/")[0] / "calib_imu_to_velo.txt"
    file.write_text(re.sub(r"T: \S+", "T: inf", file.read_text()))


def nuscenes_row(table: str, key: str, value: object) -> Damage:
    def damage(root: Path) -> None:
        file = root / f"nuscenes/v1.0-trainval/{table}.json"
        rows = json.loads(file.read_text())
        file.write_text(json.dumps([{**row, key: value} for row in rows]))

    return damage


def short_times(root: Path) -> None:
    for file in (root / "kitti").rglob("timestamps.txt"):
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))


def nan_weights(root: Path) -> None:
    file = root / "run/checkpoints/last/model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("weight"))
    save_file(tensors | {name: tensors[name] * float("nan")}, file)


def latin_title(root: Path) -> None:
    """Give the video a title that is no UTF-8, as older cameras write it."""
    data = (root / "drive.mp4").read_bytes()
    (root / "drive.mp4").write_bytes(data.replace(b"Lavf", b"L\xe4vf"))


def nan_statistics(root: Path) -> None:
    """Let a running variance of batch normalisation be no number."""
    file = root / "run/checkpoints/last/model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("running_var"))
    save_file(tensors | {name: tensors[name] * float("nan")}, file)


def config(*keys: str, to: object) -> Damage:
    """Write another value into the config of the run's checkpoint."""
    return setting("run/checkpoints/last/config.json", *keys, to=to)


def without_name(root: Path) -> None:
    config("recipe", "method", to={"scales": 4})(root)


def older_format(root: Path) -> None:
    """Say that the recipe is of format 1, with stages that train a number."""
    config("recipe", "format", to=1)(root)
    config("recipe", "stages", to=[{"trains": 3}])(root)


def two_checkpoints(root: Path) -> None:
    config("recipe", to="monodepth2")(root)
    shutil.copytree(root / "run/checkpoints/last", root / "run/checkpoints/best")


def flipped_array(root: Path) -> None:
    """Flip a bit of an array, which only the archive's checksum tells."""
    data = bytearray((root / "disps.npz").read_bytes())
    data[1000] ^= 1
    (root / "disps.npz").write_bytes(data)


def circle(root: Path) -> None:
    """Put the clip beside a link to itself."""
    (root / "drives").mkdir()
    (root / "clip").rename(root / "drives/clip")
    (root / "drives/loop").symlink_to(root / "drives/loop")


def times(content: str) -> Damage:
    def damage(root: Path) -> None:
        for file in (root / "kitti").rglob("timestamps.txt"):
            file.write_text(content)

    return damage


def damaged_header(root: Path) -> None:
    file = root / "disps_x.npy"
    file.write_bytes(file.read_bytes().replace(b"'<f4',", b"((('<"))


def cut_example(root: Path) -> None:
    file = min((root / "run/examples").iterdir())
    file.write_bytes(file.read_bytes()[:-40])


def nothing(_: Path) -> None:
    pass


INPUT = (
    Fault("colon_in_file_name", "video", moved("drive.mp4", "12:30:05.mp4"),
          f"{INGEST} 12:30:05.mp4 --intrinsics fov:80", 0),
    Fault("jpeg_cut_ingest", "images", cut("images/3.jpg"), f"{INGEST} images", 3, r"images/3\.jpg is cut off"),
    Fault("png_claims_60000", "images", large_png, f"{INGEST} images", 3, r"0\.png says that it is 60000x60000"),
    Fault("jpeg_claims_60000", "images", large_jpeg, f"{INGEST} images", 3, r"0\.jpg says that it is 60000x60000"),
    Fault("mask_all_black", "images", lambda root: cv2.imwrite(str(root / "mask.png"), np.zeros((64, 96), np.uint8)),
          f"{INGEST} images --mask mask.png", 3, r"mask\.png is black"),
    Fault("fps_nan_beside", "images", text("images/intrinsics.json", json.dumps(CAMERA | {"fps": float("nan")})),
          f"{INGEST} images", 3, r"intrinsics\.json says 'fps': nan"),
    *(Fault(f"frames_per_second_{rate}", "images", nothing, f"{INGEST} images --frames-per-second {rate}", 2,
            "--frames-per-second is") for rate in ("nan", "inf", "-1", "0")),
    Fault("title_in_latin_1", "video", latin_title, f"{INGEST} drive.mp4 --intrinsics fov:80", 0),
    *(Fault(f"fps_{rate}_beside", "images", text("images/intrinsics.json", json.dumps(CAMERA | {"fps": rate})),
            f"{INGEST} images", 3, rf"intrinsics\.json says 'fps': {rate}") for rate in (float("inf"), -1, 0)),
    Fault("http_in_file_name", "video", moved("drive.mp4", "http:x.mp4"), f"{INGEST} http:x.mp4 --intrinsics fov:80",
          0),
    Fault("intrinsics_width_inf", "images", text("camera.json", json.dumps(CAMERA).replace("96", "1e999")),
          f"{INGEST} images --intrinsics camera.json", 3, r"camera\.json states an image size of inf"),
    Fault("width_0_prepare", "kitti", nothing, "prepare kitti-raw kitti out --width 0", 2, "0x192 do not fit"),
    Fault("height_0_prepare", "kitti", nothing, "prepare kitti-raw kitti out --height 0", 2, "640x0 do not fit"),
    Fault("width_huge", "images", nothing, "ingest images --out out --width 320000 --height 320000", 2,
          "320000x320000 do not fit"),
    Fault("json_deep_intrinsics", "images", text("camera.json", DEEP), f"{INGEST} images --intrinsics camera.json", 3,
          r"camera\.json is not valid JSON"),
    Fault("json_deep_beside", "images", text("images/intrinsics.json", DEEP), f"{INGEST} images", 3, "not valid JSON"),
    Fault("markup_in_name", "images", moved("images", "im[/x]{task.fields}[bold red]"),
          f"{INGEST} im[/x]{{task.fields}}[bold&red]", 0),
    Fault("name_too_long_source", "images", nothing, f"{INGEST} {'x' * 300}", 2, "choose a shorter name"),
    Fault("symlink_loop_out", "images", lambda root: (root / "out").symlink_to(root / "out"), f"{INGEST} images", 2),
    Fault("symlink_loop_source", "images", lambda root: (root / "loop").symlink_to(root / "loop"), f"{INGEST} loop", 2),
    Fault("not_utf8_out", "images", nothing, "ingest images --width 96 --height 64 --out out\udcff", 0),
    Fault("not_utf8_source", "images", moved("images", "\udcff"), f"{INGEST} \udcff", 0),
    Fault("empty_out", "report", nothing, "report run --out &", 2, "--out is empty"),
    Fault("empty_out_equals", "images", nothing, "ingest images --out=", 2, "--out is empty"),
    Fault("out_is_this_folder", "report", nothing, "report run --out .", 2, "is a folder; name a file"),
)  # fmt: skip

MODEL = (
    Fault("config_is_list", "run", text("run/checkpoints/last/config.json", "[]"), "predict run image.jpg --out out", 3,
          r"config\.json holds no JSON object"),
    Fault("config_wrong_type", "run", setting("run/checkpoints/last/config.json", "recipe", "data", "width", to="x"),
          "predict run image.jpg --out out", 3, r"config\.json .*'data\.width'"),
    Fault("config_not_utf8", "run", lambda root: (root / "run/checkpoints/last/config.json").write_bytes(b"\xff"),
          "predict run image.jpg --out out", 3, r"config\.json is no text"),
    *(Fault(f"config_{name}", "run", damage, "predict run image.jpg --out out", 3, rf"config\.json .*{says}")
      for name, damage, says in (
          ("without_recipe", config("recipe", to={}), "'name': Field required"),
          ("recipe_is_text", two_checkpoints, "'recipe'"),
          ("method_is_text", config("recipe", "method", to="monodepth2"), "'recipe.method'"),
          ("method_without_name", without_name, "'method.name': Field required"),
          ("method_is_a_number", config("recipe", "method", "name", to=3), "'recipe.method.name'"),
          ("short_is_a_list", config("recipe", "method", "short", to=[]), "'recipe.method.short'"),
          ("stages_of_format_1", older_format, "'stages.0.trains'"),
          ("knows_is_a_list", config("knows", to=[]), "'knows'"),
          ("cameras_is_a_number", config("cameras", to=3), "'cameras'"),
      )),
    Fault("config_impossible", "run", setting("run/checkpoints/last/config.json", "recipe", "method", "scales", to=9),
          "predict run image.jpg --out out", 3, r"config\.json .*'scales'"),
    Fault("json_deep_config", "run", text("run/checkpoints/last/config.json", DEEP), "predict run image.jpg --out out",
          3, "not valid JSON"),
    Fault("statistics_nan", "run", nan_statistics, "predict run image.jpg --out out", 3,
          "running_var' of .* not finite"),
    *(Fault(f"{side}_0_predict", "run", nothing, f"predict run image.jpg --out out --{side} 0", 2, "do not fit")
      for side in ("width", "height")),
    *(Fault(f"minutes_{value}", "clip", nothing, f"train monodepth2-debug --data clip --out new --minutes {value}", 2,
            f"cannot take {value} minutes") for value in ("nan", "inf")),
    Fault("symlink_loop_train", "run", lambda root: (root / "loop").symlink_to(root / "loop"),
          "train run --data clip --out loop", 2),
    Fault("not_utf8_predict", "run", moved("image.jpg", "\udcff.jpg"), "predict run \udcff.jpg --out out\udcff", 0),
    Fault("weights_nan", "run", nan_weights, "predict run image.jpg --out out", 3, "is not finite"),
    Fault("fps_nan_predict", "run", text("intrinsics.json", json.dumps(CAMERA | {"fps": float("nan")})),
          "predict run image.jpg --out out", 3, r"intrinsics\.json says 'fps': nan"),
    Fault("markup_in_name_predict", "run", moved("image.jpg", "a[/b]{x}.jpg"),
          "predict run a[/b]{x}.jpg --out out", 0),
    Fault("weights_cut", "run", cut("run/checkpoints/last/model.safetensors"), "predict run image.jpg --out out", 3,
          r"model\.safetensors' is damaged"),
    Fault("jpeg_cut_predict", "run", cut("image.jpg"), "predict run image.jpg --out out", 3, r"image\.jpg is cut off"),
    Fault("recipe_is_list", "run", text("run/recipe.json", "[]"), "train run --data clip --out new", 3,
          r"recipe\.json holds no JSON object"),
    Fault("recipe_cut_resume", "run", text("run/recipe.json", '{"name": '),
          "train monodepth2-debug --data clip --out run", 3, r"recipe\.json is not valid JSON"),
    Fault("json_deep_recipe", "run", text("run/recipe.json", DEEP), "train run --data clip --out new", 3,
          "not valid JSON"),
    Fault("metrics_not_utf8", "report", lambda root: (root / "run/metrics.jsonl").write_bytes(b"\xff\n"), "report run",
          3, r"metrics\.jsonl is no text"),
    Fault("metrics_of_another_type", "report", text("run/metrics.jsonl", '{"step": "x"}\n{"step": 1}\n'), "report run",
          3, r"Line 1 of .*metrics\.jsonl"),
    Fault("json_deep_metrics", "report", text("run/metrics.jsonl", f"{DEEP}\n{{}}\n"), "report run", 3, "Line 1 of"),
    Fault("json_deep_evaluation", "report", text("run/evaluation.json", DEEP), "report run", 3, "not valid JSON"),
    Fault("npz_example_cut", "report", cut_example, "report run", 3, "delete it or evaluate again"),
    Fault("example_of_another_shape", "report",
          lambda root: np.savez(root / "run/examples/a.npz", image=np.zeros(3), depth=np.zeros(3), unit="metres"),
          "report run", 3, r"a\.npz is missing or broken \(its 'image' is float64 of shape \(3,\)"),
    Fault("import_sparse_tensor", "weights", weight(torch.Tensor.to_sparse), "import weights --out out", 2,
          "tensor of another kind"),
    Fault("import_meta_tensor", "weights", weight(lambda one: one.to("meta")), "import weights --out out", 2,
          "a meta tensor"),
    Fault("import_complex", "weights", weight(lambda one: one.to(torch.complex64)), "import weights --out out", 2,
          "tensor of another kind"),
    Fault("import_integer", "weights", weight(torch.Tensor.int), "import weights --out out", 2, "whole numbers have"),
    Fault("import_not_finite", "weights", weight(lambda one: one / 0), "import weights --out out", 3, "NaN or inf"),
    *(Fault(f"import_height_{height}", "weights", stated_height(height), "import weights --out out", 3, "side of")
      for height in (float("nan"), float("inf"), 2.0**40, 64.5)),
    Fault("import_flipped", "weights", flipped_weights, "import weights --out out", 2, "checksum"),
)  # fmt: skip

EVALUATION = (
    Fault("npz_predictions_cut", "clip", cut("disps.npz"), f"evaluate disps.npz --truth clip {SYNTHETIC}", 3,
          r"disps\.npz is missing or broken"),
    Fault("npz_predictions_flipped", "clip", flipped_array, f"evaluate disps.npz --truth clip {SYNTHETIC}", 3,
          r"disps\.npz is missing or broken \(Bad CRC-32"),
    Fault("npz_truth_cut_odometry", "clip", cut("clip/truth/000002.npz"), "odometry path.txt --truth clip", 3,
          r"truth/000002\.npz is missing or broken"),
    Fault("symlink_loop_data", "clip", circle,
          f"evaluate disps.npz --truth drives --kind depth --in-order {SYNTHETIC}", 0),
    Fault("markup_in_name_evaluate", "clip", moved("disps.npz", "a[/b]{x}.npz"),
          f"evaluate a[/b]{{x}}.npz --truth clip --kind depth {SYNTHETIC}", 0),
    Fault("markup_in_name_odometry", "clip", moved("path.txt", "a[/b]{x}.txt"),
          "odometry a[/b]{x}.txt --truth clip", 0),
    Fault("npz_truth_cut", "clip", cut("clip/truth/000002.npz"), f"evaluate disps.npz --truth clip {SYNTHETIC}", 3,
          r"truth/000002\.npz is missing or broken"),
    Fault("npz_exported_truth_cut", "clip", cut("truth.npz"), f"evaluate disps.npz --truth truth.npz {SYNTHETIC}", 3,
          r"truth\.npz is missing or broken"),
    Fault("npy_header_damaged", "clip", damaged_header,
          f"evaluate disps_x.npy --truth clip {SYNTHETIC}", 3, r"disps_x\.npy is missing or broken"),
    Fault("npy_claims_4TB", "clip", claims_terabytes, f"evaluate maps --truth clip {SYNTHETIC}", 3,
          r"000002\.npy is missing or broken \(it promises 4000000000000 bytes"),
    Fault("npy_without_rows", "clip", lambda root: np.save(root / "disps_x.npy", np.zeros((8, 0, 96), np.float32)),
          f"evaluate disps_x.npy --truth clip {SYNTHETIC}", 3, r"disps_x\.npy"),
    Fault("truth_depth_1d", "clip", truth(depth=np.ones(6144, np.float32)),
          f"evaluate disps.npz --truth clip {SYNTHETIC}", 3, r"000002\.npz .*'depth' is float32 of shape \(6144,\)"),
    Fault("truth_flow_2d", "clip", truth(depth=MAPS["000000"], object_flow=MAPS["000000"]),
          f"evaluate disps.npz --truth clip {SYNTHETIC}", 3, r"000002\.npz .*'object_flow' is"),
    Fault("truth_flow_of_another_size", "clip",
          truth(depth=MAPS["000000"], object_flow=np.zeros((3, 4, 4), np.float32)),
          f"evaluate disps.npz --truth clip {SYNTHETIC}", 3, r"000002\.npz .*'object_flow' is"),
    Fault("truth_depth_empty", "clip", truth(depth=np.ones((0, 0), np.float32)),
          f"evaluate disps.npz --truth clip {SYNTHETIC}", 3, r"000002\.npz .*'depth' is"),
    Fault("truth_pose_nan", "clip", truth(depth=MAPS["000000"], T_camera_to_world=np.full((4, 4), np.nan)),
          "odometry path.txt --truth clip", 3, r"000002\.npz .*not finite"),
    Fault("truth_pose_3x3", "clip", truth(depth=MAPS["000000"], T_camera_to_world=np.eye(3)),
          "odometry path.txt --truth clip", 3, r"000002\.npz .*of shape \(3, 3\)"),
    Fault("json_deep_clip", "clip", text("clip/clip.json", DEEP), f"evaluate disps.npz --truth clip {SYNTHETIC}", 3,
          r"clip\.json is not valid JSON"),
    Fault("json_deep_predictions", "clip", text("maps/predictions.json", DEEP),
          f"evaluate maps --truth clip {SYNTHETIC}", 3, r"predictions\.json is not valid JSON"),
    Fault("list_line_twice", "kitti", text("list.txt", "a/b 1 l\na/b 1 l\n"), f"evaluate disps_x.npy {RAW}", 3,
          "names 'a/b/image_02/data/0000000001' twice"),
    Fault("list_superscript", "kitti", text("list.txt", "a/b \N{SUPERSCRIPT TWO} l\n"),
          f"evaluate disps_x.npy {RAW}", 3, "is not 'DATE/DRIVE FRAME l|r'"),
    Fault("list_long_number", "kitti", text("list.txt", f"a/b {'1' * 5000} l\n"), f"evaluate disps_x.npy {RAW}", 3,
          "is not 'DATE/DRIVE FRAME l|r'"),
    Fault("markup_in_path_splits", "kitti", moved("list.txt", "s[/b].txt"),
          "splits s[/b].txt", 0),
)  # fmt: skip

DATA = (
    Fault("prepare_pose_not_finite", "kitti", infinite_calibration, f"prepare kitti-raw kitti out {PREPARE}", 0),
    Fault("nuscenes_scene_name_escapes", "nuscenes", nuscenes_row("scene", "name", "../../escaped"),
          f"prepare nuscenes nuscenes out {PREPARE}", 3, "would lead out of the output"),
    Fault("nuscenes_file_escapes", "nuscenes", nuscenes_row("sample_data", "filename", "../../secret.jpg"),
          f"prepare nuscenes nuscenes out {PREPARE}", 3, "would lead out of the data set"),
    Fault("nuscenes_pose_null", "nuscenes", nuscenes_row("ego_pose", "rotation", None),
          f"prepare nuscenes nuscenes out {PREPARE}", 3, "not finite"),
    Fault("json_deep_nuscenes", "nuscenes", text("nuscenes/v1.0-trainval/scene.json", DEEP),
          f"prepare nuscenes nuscenes out {PREPARE}", 3, r"scene\.json of nuScenes is broken"),
    Fault("times_end_early", "kitti", short_times, f"prepare kitti-raw kitti out {PREPARE}", 3, "ends before frame 4"),
    Fault("times_empty", "kitti", times(""), f"prepare kitti-raw kitti out {PREPARE}", 3, "missing or do not increase"),
    Fault("times_decrease", "kitti", times("".join(f"2011-09-26 13:02:0{9 - one}\n" for one in range(6))),
          f"prepare kitti-raw kitti out {PREPARE}", 3, "missing or do not increase"),
    Fault("times_broken", "kitti", times("noon\n"),
          f"prepare kitti-raw kitti out {PREPARE}", 3, r"timestamps\.txt holds something else"),
)  # fmt: skip


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where whole inputs are made."""
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    with contextlib.suppress(OSError):
        (tmp_path / "out").unlink()


@pytest.mark.parametrize("fault", [*INPUT, *MODEL, *EVALUATION, *DATA], ids=lambda one: one.name)
def test_it_has_its_sentence(fault: Fault, made: Path, place: Path, capsys: pytest.CaptureFixture[str]):
    copied(fault.kind, made, place)
    fault.damage(place)
    before = {path.name for path in place.iterdir()}
    assert main([word.replace("&", " ").strip() for word in fault.words.split(" ")]) == fault.code
    said = capsys.readouterr().err
    assert re.search(fault.says, said), said
    if fault.code:
        assert len(re.findall("^vection: error: ", said, flags=re.MULTILINE)) == 1
        made_none = {path.name for path in place.iterdir()} == before
        assert made_none or list(Path("out").glob("skipped.csv"))  # which says what was left out
    for word in ("bug in vection", "Traceback"):
        assert word not in said


def test_a_drive_with_a_broken_pose_is_left_out_and_listed(made: Path, place: Path):
    copied("kitti", made, place)
    infinite_calibration(place)
    for _ in range(2):  # and does not stop a second run
        assert main(f"prepare kitti-raw kitti out {PREPARE}".split()) == 0
    assert [file.parts[1] for file in Path("out").glob("*/*/*/clip.json")] != [OTHER_DAY.partition("/")[0]]
    listed = Path("out/skipped.csv").read_text()
    assert "2011_09_28" in listed
    assert "not finite" in listed


def test_what_is_not_replaced_is_not_lost(made: Path, place: Path, capsys: pytest.CaptureFixture[str]):
    copied("images", made, place)
    for name in ("clips/a", "clips/b"):
        assert main(f"{INGEST[:-3]}{name} images".split()) == 0
    Path("clips/notes.txt").write_text("mine")
    Path("clips/a/notes.txt").write_text("mine")
    Path("clips/b/frames/mine.txt").write_text("mine")
    before = sorted(path for path in place.rglob("*"))
    for out, lost in (("clips", "a"), ("clips/a", "notes.txt"), ("clips/b", "frames/mine.txt")):
        assert main(f"{INGEST[:-3]}{out} images --overwrite".split()) == 2
        assert f"'{lost}' in it is no part of" in capsys.readouterr().err
    assert sorted(path for path in place.rglob("*")) == before
    Path("clips/a/notes.txt").unlink()
    assert main(f"{INGEST[:-3]}clips/a images --overwrite".split()) == 0


def test_other_files_beside_predictions_are_kept(made: Path, place: Path, capsys: pytest.CaptureFixture[str]):
    copied("run", made, place)
    assert main(["predict", "run", "image.jpg", "--out", "out"]) == 0
    Path("out/notes.txt").write_text("mine")
    assert main(["predict", "run", "image.jpg", "--out", "out", "--overwrite"]) == 2
    assert "'notes.txt' in it is no part of a prediction" in capsys.readouterr().err
    Path("out/notes.txt").unlink()
    assert main(["predict", "run", "image.jpg", "--out", "out", "--overwrite"]) == 0


@pytest.mark.parametrize("damage", ["flipped", "zeroed"])
def test_a_damaged_video_is_said(made: Path, place: Path, capsys: pytest.CaptureFixture[str], damage: str):
    copied("video", made, place)
    data = bytearray(Path("drive.mp4").read_bytes())
    middle = data.index(b"mdat") + 1500
    if damage == "zeroed":
        data[middle : middle + 120] = bytes(120)
    else:
        for offset in range(0, 400, 40):
            data[middle + offset] ^= 0xFF
    Path("drive.mp4").write_bytes(data)
    assert main(f"{INGEST} drive.mp4 --intrinsics fov:80 --json".split()) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert [warning for warning in warnings if "damaged" in warning] != []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_said(made: Path, place: Path, capsys: pytest.CaptureFixture[str]):
    copied("images", made, place)
    Path("images").chmod(0)
    try:
        assert main(f"{INGEST} images".split()) == 2
    finally:
        Path("images").chmod(0o755)
    assert "Permission denied: images; choose another place" in capsys.readouterr().err
