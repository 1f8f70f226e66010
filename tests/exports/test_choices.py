"""What is left out, what is refused, and what every file says."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.exports.conftest import Drive

from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.exports.points import FusedPoints, fuse, sine_of_view
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.formats.prediction_folder import read_prediction_list, write_prediction_list
from vection.inference.write import write_predictions
from vection.runs.export import export

Writes = Callable[..., Path]


def points(folder: Path, **settings: object) -> FusedPoints:
    return fuse(open_scene(folder, ExportSettings(**settings), SceneNeeds()))


@pytest.fixture
def written(drive: Drive, tmp_path: Path) -> Writes:
    """Write the drive with changes to every prediction."""

    def write(**changes: object) -> Path:
        return write_predictions(
            [replace(one, **changes) for one in drive.predictions()],
            *(tmp_path / "changed",),
            model="truth",
            frames_from=str(drive.clip.folder),
            png=False,
            video=False,
        )

    return write


def test_moving_things_are_left_out_or_apart(drive: Drive, exact: Path, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    left_out, apart, kept = (points(exact, moving=how) for how in ("leave-out", "apart", "keep"))
    assert left_out.moving is None
    assert len(apart.static) == len(left_out.static) < len(kept.static)
    assert apart.moving is not None
    assert len(apart.moving) > 100
    for point, number in zip(apart.moving.xyz[::40], apart.moving.frame[::40], strict=True):
        inverse = np.linalg.inv(drive.poses[number])
        x, y, z = inverse[:3, :3] @ point + inverse[:3, 3]
        fx, fy, cx, cy = drive.camera
        assert drive.moving[number][round(fy * y / z + cy), round(fx * x / z + cx)]
    # the last frame has no mask, so nothing of it is taken for still
    assert left_out.static.frame.max() == len(drive.clip) - 2
    (ply,) = export(exact, tmp_path / "a.ply", to="ply", settings=ExportSettings(moving="apart"))
    vertices = trimesh.load(ply.path).metadata["_ply_raw"]["vertex"]["data"]
    assert int(vertices["moving"].sum()) == len(apart.moving)
    (glb,) = export(exact, tmp_path / "a.glb", to="glb", settings=ExportSettings(moving="apart"))
    assert len(trimesh.load_scene(glb.path).geometry["moving"].vertices) == len(apart.moving)


def test_a_single_frame_without_mask_is_whole(exact: Path, drive: Drive) -> None:
    last = drive.clip.frames[-1].stem
    assert set(points(exact, only=(last,)).static.frame) == {len(drive.clip) - 1}


def test_sky_and_what_is_far_are_left_out(written: Writes, drive: Drive) -> None:
    filled = replace(next(drive.predictions()))
    sky = drive.classes[0] == 10
    assert sky.any()
    depth = np.where(filled.depth > 0, filled.depth, np.float32(30))  # a network has depth in the sky, too
    folder = written(depth=depth)
    scene = open_scene(folder, ExportSettings(far=50.0), SceneNeeds())
    first = next(iter(scene))
    assert not first.visible[sky].any()
    assert not first.visible[depth > 50].any()
    assert first.visible[~sky & (depth <= 50)].all()
    assert fuse(scene).static.depth.max() <= 50


def test_far_is_80_metres_or_5_medians(exact: Path, relative: Path) -> None:
    needs = SceneNeeds()
    assert open_scene(exact, ExportSettings(), needs).far == 80
    scene = open_scene(relative, ExportSettings(), needs)
    assert scene.far == pytest.approx(5 * scene.median_depth)
    assert open_scene(relative, ExportSettings(far=3.0), needs).far == 3


def test_points_do_not_depend_on_the_unit(exact: Path, relative: Path) -> None:
    near, scaled = points(exact, far=40.0), points(relative, far=8.0)
    assert scaled.cubes.side == pytest.approx(near.cubes.side / 5)
    assert len(scaled.static) == pytest.approx(len(near.static), rel=0.01)


def test_each_cube_keeps_the_point_seen_from_nearest(exact: Path) -> None:
    fine = points(exact, voxel=0.01, moving="keep").static
    coarse = points(exact, voxel=1.0, moving="keep").static
    cells = np.floor(coarse.xyz.astype(np.float64)).astype(int)
    assert len(np.unique(cells, axis=0)) == len(coarse)
    everything = np.floor(fine.xyz.astype(np.float64)).astype(int)
    for cell, depth in zip(cells[::50], coarse.depth[::50], strict=True):
        assert depth <= fine.depth[(everything == cell).all(axis=1)].min()


def test_cubes_grow_with_the_distance_and_give_way_to_nearer_points(exact: Path) -> None:
    fused = points(exact, moving="keep")
    median = fused.cubes.median
    assert median is not None
    levels = fused.cubes.levels(fused.static)
    assert set(levels) > {-1, 0, 1, 2}
    side = 0.01 * median * 2.0**levels
    np.testing.assert_array_less(side, 0.0145 * np.clip(fused.static.depth, median / 32, median * 32))
    for level in (0, 1, 2):
        coarse, cell = levels == level, 0.01 * median * 2.0**level
        cells = [tuple(row) for row in np.floor(fused.static.xyz[levels <= level].astype(np.float64) / cell)]
        own = [tuple(row) for row in np.floor(fused.static.xyz[coarse].astype(np.float64) / cell)]
        assert all(cells.count(one) == 1 for one in own[::40])


def test_there_are_no_more_points_than_asked_for(exact: Path) -> None:
    few = points(exact, max_points=500)
    assert 50 < len(few.static) <= 500
    assert few.cubes.side > points(exact).cubes.side
    assert 1 <= len(points(exact, max_points=1).static) <= 8


def test_edges_are_cut_and_slanted_planes_kept() -> None:
    camera = (200.0, 200.0, 49.5, 0.0)
    rows = np.arange(1, 81, dtype=np.float32)
    road = np.repeat((1.5 * 200 / rows)[:, None], 100, axis=1)  # 1.5 below the camera
    sine = sine_of_view(road, camera)
    x, y = (np.arange(100) - 49.5) / 200, rows / 200
    expected = y[1:-1, None] / np.sqrt(1 + x**2 + y[1:-1, None] ** 2) * (1.5 / 1.5)
    camera_rows = (200.0, 200.0, 49.5, -1.0)  # the first row lies one below the horizon
    np.testing.assert_allclose(sine_of_view(road, camera_rows)[1:-1], expected, rtol=1e-3)
    assert sine.shape == road.shape
    bridge = np.full((20, 40), 5, np.float32)
    bridge[:, 20:] = 20
    bridge[:, 18:22] = 1 / np.linspace(1 / 5, 1 / 20, 6)[1:5]
    cut = sine_of_view(bridge, (700.0, 700.0, 19.5, 9.5)) < np.sin(np.radians(1.5))
    assert cut[:, 18:22].all()
    assert not cut[:, :16].any()
    assert not cut[:, 24:].any()


@pytest.mark.parametrize("form", ["ply", "colmap", "nerfstudio", "png", "pfm", "tum"])
def test_relative_depth_is_called_so(form: str, relative: Path, tmp_path: Path) -> None:
    (written,) = export(relative, tmp_path / "a", to=form)
    assert written.unit == "up-to-scale"
    files = [written.path] if written.path.is_file() else [path for path in written.path.rglob("*") if path.is_file()]
    assert any(b"up-to-scale" in file.read_bytes() for file in files)
    if form == "ply":
        assert b"one unknown factor to metres" in written.path.read_bytes()[:500]


def test_relative_depth_does_not_pass_for_metres_in_ros(relative: Path, tmp_path: Path) -> None:
    highlevel = pytest.importorskip("rosbags.highlevel")
    (written,) = export(relative, tmp_path / "a", to="mcap")
    with highlevel.AnyReader([written.path]) as reader:
        topics = set(reader.topics)
        messages = [reader.deserialize(data, one.msgtype) for one, _, data in reader.messages() if one.topic == "/tf"]
    assert {"/camera/depth_up_to_scale/image_rect", "/points_up_to_scale"} < topics
    assert messages[0].transforms[0].header.frame_id == "map_up_to_scale"


def test_an_unknown_camera_is_refused_not_guessed(written: Writes, tmp_path: Path) -> None:
    folder = written(intrinsics=None)
    with pytest.raises(UsageError, match="is not known, and a guessed one would bend"):
        export(folder, tmp_path / "a.ply", to="ply")
    (found,) = export(folder, tmp_path / "a.ply", to="ply", settings=ExportSettings(intrinsics="fov:80"))
    assert found.path.is_file()
    export(folder, tmp_path / "pfm", to="pfm")  # maps need no camera


def test_frames_without_a_path_stand_alone(written: Writes, drive: Drive, tmp_path: Path) -> None:
    folder = written(T_camera_to_world=None)
    with pytest.raises(UsageError, match="no camera path"):
        export(folder, tmp_path / "a.ply", to="ply")
    alone = points(folder, only=(drive.clip.frames[3].stem,)).static
    assert set(alone.frame) == {3}
    np.testing.assert_allclose(alone.xyz[:, 2], alone.depth, rtol=1e-6)


def test_what_lies_on_both_sides_of_a_cut_is_no_one_world(written: Writes, drive: Drive, tmp_path: Path) -> None:
    folder = written()
    listed = read_prediction_list(folder)
    frames = [replace(one, motion_source="cut" if at == 2 else "measured") for at, one in enumerate(listed.frames)]
    write_prediction_list(folder, replace(listed, frames=tuple(frames)))
    names = [frame.name for frame in frames]
    sentence = f"cut into 2 stretches.*{names[0]}..{names[2]}, {names[3]}..{names[-1]}.*`only={names[3]}..{names[-1]}`"
    for form in ("ply", "tum"):
        with pytest.raises(UsageError, match=sentence):
            export(folder, tmp_path / "a", to=form)
    whole = points(folder, only=(f"{names[3]}..{names[-1]}",), moving="keep").static
    assert set(whole.frame) == set(range(3, len(names)))
    assert len(points(folder, only=(names[0], names[2]), moving="keep").static)
    with pytest.raises(UsageError, match="end before they begin"):
        points(folder, only=(f"{names[2]}..{names[0]}",))
    (maps,) = export(folder, tmp_path / "pfm", to="pfm")
    assert len(list(maps.path.glob("*.pfm"))) == len(drive.clip)


def test_frames_are_found_where_they_were_or_are(exact: Path, drive: Drive, tmp_path: Path) -> None:
    listed = read_prediction_list(exact)
    assert listed.frames_from == str(drive.clip.folder)
    moved = Path(shutil.copytree(exact, tmp_path / "drive"))
    for frames_from, message in (("", "does not say where"), ("/nowhere", "are not at /nowhere")):
        write_prediction_list(moved, replace(listed, frames_from=frames_from))
        with pytest.raises(UsageError, match=message):
            export(moved, to="ply")
    given = ExportSettings(frames=drive.clip.folder)
    (found,) = export(moved, to="ply", settings=given)
    assert found.path == tmp_path / "drive.ply"
    other = tmp_path / "images"
    other.mkdir()
    (other / "other.jpg").write_bytes((drive.clip.folder / drive.clip.frames[0].file).read_bytes())
    with pytest.raises(DataError, match="has no frame '000000'"):
        export(moved, tmp_path / "b.ply", to="ply", settings=ExportSettings(frames=other))


def test_colours_come_from_a_video(drive: Drive, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    video = tmp_path / "drive.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"q:v": "1"})
        stream.height, stream.width, stream.pix_fmt = 64, 160, "yuv420p"
        for index in range(len(drive.clip)):
            frame = av.VideoFrame.from_ndarray(drive.clip.read_image(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    renamed = [replace(one, name=f"{index:06d}") for index, one in enumerate(drive.predictions())]
    folder = write_predictions(
        renamed, tmp_path / "predictions", model="truth", frames_from=str(video), png=False, video=False
    )
    fused = points(folder, moving="keep").static
    for number in (0, 5):
        seen = fused[fused.frame == number]
        inverse = np.linalg.inv(drive.poses[number])
        x, y, z = (seen.xyz @ inverse[:3, :3].T + inverse[:3, 3]).T
        fx, fy, cx, cy = drive.camera
        column, row = np.rint(fx * x / z + cx).astype(int), np.rint(fy * y / z + cy).astype(int)
        own, other = (drive.clip.read_image(index)[row, column].astype(float) for index in (number, number - 4))
        assert len(seen) > 50
        assert np.abs(seen.rgb - own).mean() < 0.6 * np.abs(seen.rgb - other).mean()


def test_of_several_predictions_each_is_exported(exact: Path, relative: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    for folder, name in ((exact, "one"), (relative, "two")):
        shutil.copytree(folder, root / name)
    written = export(root, tmp_path / "out", to="tum")
    assert [one.path.relative_to(tmp_path).as_posix() for one in written] == ["out/one_tum.txt", "out/two_tum.txt"]
    assert [one.unit for one in written] == ["metres", "up-to-scale"]


def test_nothing_is_overwritten_unasked(exact: Path, tmp_path: Path) -> None:
    for form in ("tum", "pfm"):
        place = tmp_path / form
        export(exact, place, to=form)
        with pytest.raises(UsageError, match="exists already"):
            export(exact, place, to=form)
        export(exact, place, to=form, overwrite=True)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="was not exported by vection"):
        export(exact, foreign, to="pfm", overwrite=True)
    assert (foreign / "letter.txt").read_text() == "dear"


def test_a_failed_export_leaves_nothing(exact: Path, tmp_path: Path) -> None:
    settings = ExportSettings(near=1000.0, far=1001.0)
    for form in ("ply", "colmap"):
        with pytest.raises(DataError, match="No point lies between 1000 and 1001"):
            export(exact, tmp_path / "out" / form, to=form, settings=settings)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--to", "plyy"], "There is no format 'plyy'; did you mean ply?"),
        (["--to", "dwg"], "There is no format 'dwg'; choose one of ply"),
        (["--to", "ply", "--near", "5", "--far", "2"], "0 <= --near < --far"),
        (["--to", "ply", "--only", "99"], "There is no predicted frame '99'"),
        (["--to", "ply", "--intrinsics", "fov:70"], "leave --intrinsics out"),
        (["--to", "png", "--scale", "5000", "--out", "x"], "give a --scale up to"),
        (["--to", "exr", "--scale", "1000", "--out", "x"], "--scale has no say in this format"),
        (["--to", "tum", "--far", "20", "--out", "x"], "--far has no say in this format"),
        (["--to", "colmap", "--moving", "apart", "--out", "x"], "cannot hold moving things apart"),
    ],
)
def test_mistakes_get_a_sentence(
    words: list[str], sentence: str, exact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(exact), *words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_folder_without_predictions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path), "--to", "ply"]) == 2
    assert "holds no predictions; make them with vection predict" in capsys.readouterr().err


def test_json_is_one_line(exact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(exact), "--to", "tum", "--out", str(tmp_path / "a.txt"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["unit"] == "metres"
    assert found["path"] == str(tmp_path / "a.txt")
