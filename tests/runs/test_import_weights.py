"""Public checkpoints as run folders."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.foreign_weights import (
    test_dynamo_depth,
    test_lite_mono,
    test_monodepth2,
    test_sc_sfmlearner,
    test_sgdepth,
)
from tests.foreign_weights.test_sc_depth_pl import write_lightning

from vection.cli.main import main
from vection.data.clips.folder import read_rgb
from vection.methods.method import Method
from vection.runs.load import load_predictor

SIZE = ("--width", "96", "--height", "64")


def monodepth2(folder: Path) -> Method:
    method = test_monodepth2.make_method()
    test_monodepth2.write_public(folder, method)
    return method


def mono_stereo(folder: Path) -> Method:
    method = test_monodepth2.make_method(stereo=True)
    test_monodepth2.write_public(folder, method)
    return method


def sc_paper(folder: Path) -> Method:
    method = test_sc_sfmlearner.make_method(depth_network="dispnet")
    test_sc_sfmlearner.write_public(folder, method)
    return method


def sc_released(folder: Path) -> Method:
    method = test_sc_sfmlearner.make_method(depth_network="resnet18", ego_motion="resnet18")
    test_sc_sfmlearner.write_public(folder, method)
    return method


def sc_depth_pl(folder: Path) -> Method:
    folder.mkdir()
    return write_lightning(folder / "last.ckpt")


def sgdepth(folder: Path) -> Method:
    folder.mkdir()
    method = test_sgdepth.make_method()
    torch.save(test_sgdepth.public_state(method), folder / "model.pth")
    torch.save({"state": {}}, folder / "optim.pth")
    return method


def lite_mono(folder: Path) -> Method:
    folder.mkdir()
    return test_lite_mono.write_checkpoint(folder)


def dynamo_depth(folder: Path) -> Method:
    folder.mkdir()
    return test_dynamo_depth.write_checkpoint(folder)


LAYOUTS: dict[str, tuple[Callable[[Path], Method], str]] = {
    "monodepth2": (monodepth2, "monodepth2"),
    "monodepth2 with stereo": (mono_stereo, "monodepth2"),
    "SC-SfMLearner, paper": (sc_paper, "sc-sfmlearner"),
    "sc_depth_pl": (sc_depth_pl, "sc-depth-pl"),
    "SGDepth": (sgdepth, "sgdepth"),
    "Lite-Mono": (lite_mono, "lite-mono"),
    "Dynamo-Depth": (dynamo_depth, "dynamo-depth"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_imported_checkpoint_predicts_and_is_scored_like_a_run(
    name: str, tmp_path: Path, tiny_clips: Path, capsys: pytest.CaptureFixture[str]
):
    make, layout = LAYOUTS[name]
    method = make(tmp_path / "public")
    run, clip = tmp_path / "run", tiny_clips / "drive_1"
    assert main(["import", str(tmp_path / "public"), "--out", str(run), *SIZE, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"run": str(run), "layout": layout, "width": 96, "height": 64, "remarks": []}
    predictions = run / "predictions"
    assert main(["predict", str(run), str(clip), "--out", str(predictions), "--no-video", "--device", "cpu"]) == 0
    if name in ("monodepth2", "Dynamo-Depth"):  # the rest of the chain sees the same files
        assert main(["evaluate", str(run), "--truth", str(clip), "--protocol", "synthetic", "--no-baselines"]) == 0
    if name == "Dynamo-Depth":  # the fullest report
        assert main(["report", str(run)]) == 0
        assert (run / "report.html").is_file()
    frame = sorted((clip / "frames").iterdir())[0]
    image = torch.from_numpy(read_rgb(frame)).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = method.predict_depth(image)[0, 0].numpy()
    scale = 5.4 if name == "monodepth2 with stereo" else 1.0
    np.testing.assert_allclose(np.load(predictions / "depth" / f"{frame.stem}.npy"), scale * expected, rtol=1e-4)
    path = np.loadtxt(predictions / "path_kitti.txt")
    assert path.shape == (8, 12)
    unit = json.loads((predictions / "predictions.json").read_text())["unit"]
    assert unit == ("metres" if name == "monodepth2 with stereo" else "up-to-scale")


def training(run: Path, clips: Path, out: Path) -> list[str]:
    sizes = ["--data.width", "96", "--data.height", "64", "--data.batch_size", "2", "--data.workers", "0"]
    short = ["--training.steps_per_epoch", "1", "--training.validation_batches", "1", "--stages.0.epochs", "1"]
    words = ["train", str(run), "--data", str(clips), "--out", str(out), "--device", "cpu", "--data.source", "clips"]
    return [*words, *sizes, *short]


def test_training_goes_on_from_imported_weights(tmp_path: Path, tiny_clips: Path):
    monodepth2(tmp_path / "public")
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "run")]) == 0
    assert main([*training(tmp_path / "run", tiny_clips, tmp_path / "adapted"), "--stages.0.learning_rate", "0"]) == 0
    before, after = (load_predictor(tmp_path / name).method for name in ("run", "adapted"))
    key = "depth_network.decoder.heads.0.weight"
    assert torch.equal(before.get_parameter(key), after.get_parameter(key))
    kept = json.loads((tmp_path / "adapted" / "recipe.json").read_text())
    assert kept["start_from"] == str(tmp_path / "run" / "checkpoints" / "last")
    # the run itself goes on as well, by its own settings alone
    assert main(training(tmp_path / "run", tiny_clips, tmp_path / "run")) == 2
    recipe = tmp_path / "run" / "recipe.json"
    assert json.loads(recipe.read_text())["start_from"] is None
    recipe.write_text(json.dumps(kept | {"start_from": None}))
    words = ["train", str(tmp_path / "run"), "--data", str(tiny_clips), "--out", str(tmp_path / "run")]
    assert main([*words, "--device", "cpu"]) == 0
    resumed = load_predictor(tmp_path / "run", checkpoint="last").method
    assert torch.equal(resumed.get_parameter(key), before.get_parameter(key))


def test_what_the_files_lack_is_said_and_not_predicted(
    tmp_path: Path, tiny_clips: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "public").mkdir()
    test_dynamo_depth.write_checkpoint(tmp_path / "public", motion=False)
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "dynamo"), *SIZE]) == 0
    assert "no object motion" in capsys.readouterr().err
    assert not load_predictor(tmp_path / "dynamo").method.knows.object_motion
    out = tmp_path / "predictions"
    words = ["predict", str(tmp_path / "dynamo"), str(tiny_clips / "drive_1"), "--out", str(out), "--no-video"]
    assert main(words) == 0
    assert (out / "path_tum.txt").is_file()
    assert not (out / "object_flow").exists()
    assert not (out / "motion_mask").exists()
    (tmp_path / "lite").mkdir()
    test_lite_mono.write_checkpoint(tmp_path / "lite", pose=False)
    assert main(["import", str(tmp_path / "lite"), "--out", str(tmp_path / "lite_run")]) == 0
    assert "depth without a path" in capsys.readouterr().err
    assert not load_predictor(tmp_path / "lite_run").method.knows.ego_motion


def test_the_size_is_said_where_it_is_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sc_released(tmp_path / "public")
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "run")]) == 0
    assert "832x256 is usual" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "run2"), "--width", "96"]) == 2
    assert "belong together" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "run2"), *SIZE[:3], "65"]) == 2
    assert "multiples of 32" in capsys.readouterr().err


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "mono_640x192"
    monodepth2(folder)
    return folder


def damaged(folder: Path, whole: Path, kind: str) -> Path:
    """Write a copy that is wrong in one way, and return what to import."""
    folder.mkdir()
    for file in whole.iterdir():
        (folder / file.name).symlink_to(file)
    encoder = folder / "encoder.pth"
    content = encoder.read_bytes()
    state = torch.load(encoder)
    if kind == "missing":
        return folder / "nothing"
    if kind == "part":
        return encoder
    if kind == "parent":
        return folder.parent
    encoder.unlink()
    if kind == "truncated":
        encoder.write_bytes(content[: len(content) // 2])
    elif kind == "text":
        encoder.write_text("not weights")
    elif kind == "not finite":
        state["encoder.conv1.weight"][0] = float("nan")
        torch.save(state, encoder)
    elif kind == "code":
        torch.save({"encoder.conv1.weight": main}, encoder)
    elif kind == "another network":
        torch.save({"features.0.weight": torch.ones(1)}, encoder)
    elif kind == "numbers":
        torch.save({"epoch": 3}, folder / "numbers.pth")
        return folder / "numbers.pth"
    elif kind == "zip":
        (folder.parent / "mono.zip").write_bytes(b"PK")
        return folder.parent / "mono.zip"
    return folder


SAID = {
    "missing": (2, "There is no checkpoint at"),
    "part": (2, "lacks 'depth.pth'"),
    "parent": (2, "did you mean"),
    "truncated": (2, "encoder.pth' is not a file of network weights"),
    "text": (2, "encoder.pth' is not a file of network weights"),
    "not finite": (3, "NaN"),
    "code": (2, "save its weights alone"),
    "another network": (2, "'encoder.pth' does not fit a Monodepth2 network: it lacks conv1.weight"),
    "numbers": (2, "holds no tensors"),
    "zip": (2, "unpack it"),
    "no encoder": (2, "lacks 'encoder.pth'"),
}


@pytest.mark.parametrize("kind", SAID)
def test_strange_checkpoints_get_a_sentence_and_leave_nothing(
    kind: str, tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
):
    place = damaged(tmp_path / "weights", whole, kind)
    before = sorted(tmp_path.rglob("*"))
    code, words = SAID[kind]
    assert main(["import", str(place), "--out", str(tmp_path / "run")]) == code
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert len(said) < 500
    assert "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_an_output_that_is_taken_or_cannot_be_written(tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("precious")
    for out in (tmp_path, tmp_path / "file"):
        assert main(["import", str(whole), "--out", str(out)]) == 2
        assert "exists already" in capsys.readouterr().err
    assert main(["import", str(whole), "--out", str(tmp_path / "file" / "below")]) == 2
    assert "Cannot write" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "precious"
    assert main(["import", str(whole), "--out", "x", "--layout", "monodepth"]) == 2
    assert "monodepth2" in capsys.readouterr().err


def test_an_unknown_layout_names_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch.save({"nets.depth.conv.weight": torch.ones(1)}, tmp_path / "best.pt")
    assert main(["import", str(tmp_path / "best.pt"), "--out", str(tmp_path / "run")]) == 2
    assert "'nets.depth.conv.weight'" in capsys.readouterr().err
    for name in ("a", "b", "c"):
        torch.save({"x": torch.ones(1)}, tmp_path / f"{name}.pt")
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "give one of them" in capsys.readouterr().err
