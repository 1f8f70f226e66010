"""What people met with other programs: paths and truth of other units, rates and orders, lists, foreign networks."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.data.readers.fake_kitti import DRIVE, write_raw_drive
from tests.evaluation.paths.test_trajectory import winding_path
from tests.foreign_weights.test_monodepth2 import make_method, write_public

from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.evaluation.paths.camera_path import open_paths, pair_paths
from vection.files import json_text
from vection.foreign_weights.layouts import import_checkpoint
from vection.formats.camera_path import CameraPath, kitti_text, quaternion, read_path, tum_text
from vection.formats.metrics_log import Event, append_event, read_events
from vection.methods.monodepth2 import Monodepth2


def answer(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict:
    """Run a command with --json; it must succeed, and what it prints must be JSON to every reader."""
    code = main([*map(str, words), "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(captured.out, parse_constant=refuse)


def sentence(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int) -> str:
    """Run a command that must fail; return what it says."""
    assert main([*map(str, words)]) == code
    return capsys.readouterr().err


# Paths


def numbered(poses: np.ndarray, numbers: list[int]) -> str:
    lines = kitti_text([poses[number] for number in numbers]).splitlines()
    return "".join(f"{number} {line}\n" for number, line in zip(numbers, lines, strict=True))


def test_a_first_frame_is_a_number_where_the_truth_states_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    poses = winding_path(200)
    known = [number for number in range(200) if not (40 <= number < 100 or number >= 180)]
    (tmp_path / "truth.txt").write_text(numbered(poses, known))
    scaled = poses[100:].copy()
    scaled[:, :3, 3] /= 3
    (tmp_path / "predicted.txt").write_text(kitti_text(list(scaled)))
    (tmp_path / "numbered.txt").write_text("".join(f"{100 + n} {line}\n" for n, line in enumerate(
        kitti_text(list(scaled)).splitlines())))  # fmt: skip
    for words in (
        ("predicted.txt", "--first-frame", "100"),
        ("numbered.txt",),
        ("numbered.txt", "--first-frame", "100"),
    ):
        found = answer(capsys, "odometry", tmp_path / words[0], "--truth", tmp_path / "truth.txt", *words[1:])
        assert found["sequences"][0]["frames"] == 80
        assert found["sequences"][0]["alignments"][0]["ate"] == pytest.approx(0, abs=1e-6)
    said = sentence(
        capsys, "odometry", tmp_path / "predicted.txt", "--truth", tmp_path / "truth.txt", "--first-frame", 500, code=2
    )
    assert "the truth states frames 0 to 179, 120 in all, and --first-frame 500 leads beyond" in said


def test_each_true_pose_is_paired_once_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    poses = winding_path(400)
    (tmp_path / "estimate.txt").write_text(tum_text(list(poses), [0.005 * index for index in range(400)]))
    (tmp_path / "truth.txt").write_text(tum_text(list(poses[::20]), [0.1 * index for index in range(20)]))
    found = answer(capsys, "odometry", tmp_path / "estimate.txt", "--truth", tmp_path / "truth.txt")["sequences"][0]
    assert found["frames"] == 20
    for row in found["alignments"]:
        assert row["ate"] == pytest.approx(0, abs=1e-5)
        assert row["rpe_translation"] == pytest.approx(0, abs=1e-5)


def test_pairs_stay_pairs_at_any_offset():
    poses = winding_path(30)
    true = CameraPath("true", poses, seconds=np.arange(30) / 10)
    shifted = CameraPath("estimate", poses, seconds=np.arange(30) / 10 + 0.004)
    _, rows = pair_paths(shifted, true)
    assert rows.tolist() == list(range(30))
    dense = CameraPath("estimate", poses, seconds=np.arange(30) / 100)
    _, rows = pair_paths(dense, true)
    assert rows.tolist() == [0, 1, 2]
    far = CameraPath("estimate", poses, seconds=np.arange(30) / 10 + 1e9)
    with pytest.raises(UsageError, match=r"times 1e\+09 s to 1e\+09 s, the truth 0 s to 2\.9 s"):
        pair_paths(far, true)


def turning_path(count: int) -> np.ndarray:
    """A camera that travels along its own z while it turns right round."""
    poses = np.tile(np.eye(4), (count, 1, 1))
    for index in range(count):
        angle = 2 * np.pi * index / count
        poses[index, :3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        if index:
            poses[index, :3, 3] = poses[index - 1, :3, 3] + poses[index - 1, :3, 2]
    return poses


def real_first(poses: np.ndarray) -> str:
    rows = [(*pose[:3, 3], *np.roll(quaternion(pose[:3, :3]), 1)) for pose in poses]
    return "".join(f"{index} {' '.join(map(str, row))}\n" for index, row in enumerate(rows))


def test_quaternions_of_another_order_are_refused(tmp_path: Path):
    poses = turning_path(60)
    file = tmp_path / "path.txt"
    file.write_text(real_first(poses))
    with pytest.raises(DataError, match="seems to hold quaternions in the order w x y z"):
        read_path(file)
    for right in (poses, winding_path(60), np.tile(np.eye(4), (5, 1, 1))):
        file.write_text(tum_text(list(right), [float(index) for index in range(len(right))]))
        np.testing.assert_allclose(read_path(file).poses, right, atol=1e-9)


@pytest.mark.parametrize("factor", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("begin", [0.0, 1.7e9])
def test_times_in_other_units_are_refused(tmp_path: Path, factor: float, begin: float):
    seconds = [factor * (begin + (20 if factor < 1e4 else 0.1) * index) for index in range(9)]
    (tmp_path / "path.txt").write_text(tum_text(list(winding_path(9)), seconds))
    with pytest.raises(DataError, match="in milli-, micro- or nanoseconds"):
        read_path(tmp_path / "path.txt")


def test_a_mirrored_pose_is_no_rotation(tmp_path: Path):
    (tmp_path / "path.txt").write_text("-1 0 0 0 0 1 0 0 0 0 1 0\n1 0 0 0 0 1 0 0 0 0 1 1\n")
    with pytest.raises(DataError, match="no rotation"):
        read_path(tmp_path / "path.txt")


def test_paths_from_windows_and_macs(tmp_path: Path):
    text = kitti_text(list(winding_path(4))).replace("\n", "\r\n")
    (tmp_path / "09.TXT").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "._09.txt").write_bytes(b"\x00\x05\x16\x07")
    assert list(open_paths(tmp_path)) == ["09"]


# Truth


def maps(folder: Path, *, depth: np.ndarray, write: Callable[[Path, np.ndarray], object]) -> Path:
    folder.mkdir()
    for index in range(3):
        write(folder / f"{index:06d}.png", depth)
    return folder


@pytest.fixture
def depth() -> np.ndarray:
    return np.linspace(2, 60, 64 * 96).reshape(64, 96).astype(np.float32)


@pytest.mark.parametrize("protocol", ["kitti-2015", "eigen-benchmark", "kitti-server", "synthetic"])
def test_unknown_truth_of_any_kind_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: np.ndarray, protocol: str
):
    zeros, strange = depth.copy(), depth.copy()
    zeros[:20] = 0
    strange[:8], strange[8:16], strange[16:20] = np.inf, np.nan, -1
    np.savez(tmp_path / "zeros.npz", a=zeros, b=depth)
    np.savez(tmp_path / "strange.npz", a=strange, b=depth)
    np.savez(tmp_path / "depths.npz", a=depth * 1.1 + 1, b=depth * 0.9)
    words = ("--protocol", protocol, "--no-baselines")
    results = [
        answer(capsys, "evaluate", tmp_path / "depths.npz", "--truth", tmp_path / f"{name}.npz", *words)["results"]
        for name in ("zeros", "strange")
    ]
    assert results[0] == results[1]


def test_arrays_without_names_and_pickles_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stack = np.ones((3, 8, 8), np.float32)
    np.save(tmp_path / "disps_mine.npy", stack)
    words = ("evaluate", tmp_path / "disps_mine.npy", "--protocol", "synthetic", "--truth")
    np.savez(tmp_path / "gt_depths.npz", data=np.array([stack[0], stack[1, :4]], object))
    said = " ".join(sentence(capsys, *words, tmp_path / "gt_depths.npz", code=3).split())
    assert "pickled objects, which can run any program" in said
    assert "give KITTI itself and --truth-list" in said
    np.savez(tmp_path / "stacked.npz", data=stack)
    assert "one array 'data', without the names" in sentence(capsys, *words, tmp_path / "stacked.npz", code=3)


def test_the_unit_of_depth_in_png_is_said_and_can_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: np.ndarray
):
    def png(factor: float) -> Callable[[Path, np.ndarray], object]:
        return lambda path, values: cv2.imwrite(str(path), np.round(factor * values).astype(np.uint16))

    places = {factor: maps(tmp_path / f"png{factor}", depth=depth, write=png(factor)) for factor in (256, 1000)}
    np.savez(tmp_path / "depths.npz", **{f"{index:06d}": depth * 1.1 + 1 for index in range(3)})
    words = ("evaluate", tmp_path / "depths.npz", "--protocol", "synthetic", "--no-baselines", "--truth")
    right = answer(capsys, *words, places[256])
    unstated = "which does not state where its depth comes from"
    assert right["truth"] == f"16-bit PNG at {places[256]} (metres = value / 256), {unstated}"
    wrong = answer(capsys, *words, places[1000])
    assert "(metres = value / 256, with depths up to 234 m, which is much: of another unit?)" in wrong["truth"]
    mended = answer(capsys, *words, places[1000], "--truth-factor", 1000)
    assert "(metres = value / 1000)" in mended["truth"]
    rmse = [one["results"][0]["errors"]["all"]["rmse"] for one in (right, mended, wrong)]
    assert rmse[0] == pytest.approx(rmse[1], rel=1e-2)
    assert rmse[2] > 1.2 * rmse[0]
    assert "--truth-factor" in sentence(capsys, *words, places[256], "--truth-factor", "nan", code=2)
    np.savez(tmp_path / "truth.npz", a=depth)
    assert "its unit is known" in sentence(capsys, *words, tmp_path / "truth.npz", "--truth-factor", 256, code=2)


def test_suffixes_in_any_case_and_hidden_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: np.ndarray):
    place = maps(tmp_path / "truth", depth=depth, write=lambda path, values: cv2.imwrite(
        str(path), np.round(256 * values).astype(np.uint16)))  # fmt: skip
    for file in sorted(place.iterdir()):
        file.rename(file.with_suffix(".PNG"))
        file.with_name(f"._{file.name}").write_bytes(b"\x00\x05\x16\x07")
    np.savez(tmp_path / "depths.npz", **{f"{index:06d}": depth for index in range(3)})
    words = ("--truth", place, "--protocol", "synthetic", "--no-baselines")
    assert answer(capsys, "evaluate", tmp_path / "depths.npz", *words)["results"][0]["images"] == 3


def test_what_is_undefined_is_null_and_is_read_again(tmp_path: Path):
    assert (
        json_text({"a": [float("nan"), (float("inf"), 1.0)], "b": Path("c")}) == '{"a": [null, [null, 1.0]], "b": "c"}'
    )
    event = Event(step=1, loss=0.5, depth_statistics={"abs_rel": float("nan"), "median": 3.0})
    append_event(tmp_path / "log", event)
    assert "NaN" not in (tmp_path / "log").read_text()
    (found,) = read_events(tmp_path / "log")
    assert np.isnan(found.depth_statistics["abs_rel"])
    assert found.depth_statistics["median"] == 3.0


# Lists


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    write_raw_drive(tmp_path / "kitti", frames=range(7))
    return tmp_path


def prepared(capsys: pytest.CaptureFixture[str], root: Path, text: bytes) -> tuple[dict, dict]:
    """Prepare the frames of a list; return the clip and what was printed."""
    (root / "list.txt").write_bytes(text)
    out = root / f"out{len(list(root.iterdir()))}"
    size = ("--width", "96", "--height", "64", "--workers", "0")
    printed = answer(capsys, "prepare", "kitti-raw", root / "kitti", out, "--split", root / "list.txt", *size)
    clip = json.loads(next(out.rglob("clip.json")).read_text())
    return clip, printed


def test_lists_from_windows_lose_nothing(kitti: Path, capsys: pytest.CaptureFixture[str]):
    good = "".join(f"{DRIVE} {frame} l\n" for frame in range(1, 6)).encode()
    clips = [
        prepared(capsys, kitti, text)[0]
        for text in (good, b"\xef\xbb\xbf" + good, good.replace(b"\n", b"\r\n"), good.replace(b"/", b"\\"))
    ]
    assert len(clips[0]["frames"]) == 7
    assert all(clip == clips[0] for clip in clips)


def test_listed_drives_that_are_absent_are_listed(kitti: Path, capsys: pytest.CaptureFixture[str]):
    lines = f"{DRIVE} 2 l\n{DRIVE} 99 l\n2011_09_28/2011_09_28_drive_0001_sync 5 l\n{DRIVE} 3 r\n"
    (kitti / "kitti" / DRIVE / "image_03").rename(kitti / "image_03")
    _, printed = prepared(capsys, kitti, lines.encode())
    assert printed["skipped"] == 3
    table = next(kitti.glob("out*/skipped.csv")).read_text()
    for word in ("0000000099", "2011_09_28_drive_0001_sync", "the list names 1 frames of it (r), which are not there"):
        assert word in table


# Foreign networks


def foreign(folder: Path, **changes: object) -> Monodepth2:
    method = make_method(**changes)
    write_public(folder, method)
    return method


def change(file: Path, **tensors: torch.Tensor) -> None:
    torch.save(torch.load(file, weights_only=True) | tensors, file)


def test_a_pose_network_of_another_encoder_is_read(tmp_path: Path):
    deep = foreign(tmp_path / "a", depth_network="resnet34")
    usual = foreign(tmp_path / "b", depth_network="resnet18")
    for name in ("pose.pth", "pose_encoder.pth"):
        (tmp_path / "b" / name).replace(tmp_path / "a" / name)
    found = import_checkpoint(tmp_path / "a").method
    assert isinstance(found, Monodepth2)
    assert (found.settings.depth_network, found.settings.pose_encoder) == ("resnet34", "resnet18")
    frames = torch.rand(2, 1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(found.predict_depth(frames[0]), deep.eval().predict_depth(frames[0]))
        assert usual.eval().ego_motion is not None
        torch.testing.assert_close(
            found.ego_motion.state_dict(),
            usual.ego_motion.state_dict(),  # type: ignore[union-attr]
        )


def test_a_pose_network_of_one_transform_is_read(tmp_path: Path):
    method = foreign(tmp_path / "a").eval()
    state = torch.load(tmp_path / "a/pose.pth", weights_only=True)
    change(tmp_path / "a/pose.pth", **{key: value[:6] for key, value in state.items() if key.startswith("net.3.")})
    found, frames = import_checkpoint(tmp_path / "a").method, torch.rand(2, 1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(found.predict_motion(*frames).ego, method.predict_motion(*frames).ego)


def test_pose_networks_that_do_not_fit_leave_the_depth(tmp_path: Path):
    foreign(tmp_path / "a")
    change(tmp_path / "a/pose_encoder.pth", **{"encoder.conv1.weight": torch.randn(64, 9, 7, 7)})
    with pytest.raises(UsageError, match=r"conv1\.weight \(64x9x7x7, here 64x6x7x7\); depth alone can be had"):
        import_checkpoint(tmp_path / "a")
    (tmp_path / "a/pose_encoder.pth").unlink()
    with pytest.raises(UsageError, match=r"'pose_encoder\.pth' is missing; depth alone can be had"):
        import_checkpoint(tmp_path / "a")
    (tmp_path / "a/pose.pth").unlink()
    assert not import_checkpoint(tmp_path / "a").method.knows.ego_motion
