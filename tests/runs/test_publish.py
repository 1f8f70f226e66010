"""What leaves the machine: a model for others, on a Hub of the tests' own."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file
from tests.hub_server import Hub, serve_hub

import vection
from vection.cli.main import main
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import save_checkpoint, weights_digest
from vection.formats.evaluation_file import Evaluation, ProtocolNote, Scores, write_evaluation
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, ScaleReading, write_scale
from vection.inference import Prediction, write_predictions
from vection.recipes.methods import build_method
from vection.recipes.public import public_recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.runs.publishing.card import _scores
from vection.runs.start import starting_recipe, with_start

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # huggingface_hub of its own call

RECIPE = vection.get_recipe("street")
RECIPE = replace(RECIPE, method=replace(RECIPE.method, pretrained=False))
WORDS = {"licence": "cc-by-4.0", "trained_on": "Two drives of a synthetic street"}
METRICS = dict.fromkeys(("abs_rel", "sq_rel", "rmse", "rmse_log", "a1", "a2", "a3"), 0.125)
SECRET = "/home/maker/secret"
WINDOW = {"source_width": 320, "source_height": 180, "left": 0, "top": 41, "width": 320, "height": 98}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose recipe and checkpoint name private places wherever they can."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "first")
    recipe = replace(
        RECIPE,
        data=replace(RECIPE.data, split=f"{SECRET}/lists", labels=f"{SECRET}/labels"),
        start_from=f"{SECRET}/runs/earlier",
    )
    config = {
        "recipe": recipe_to_json(recipe),
        "data": f"{SECRET}/videos",
        "cameras": [f"{SECRET}/camera.mp4"],
        "windows": [{"clips": [f"{SECRET}/drive"], "window": WINDOW, "crop": "keep-aspect"}],
        "position": {"stage": 1, "epoch": 0, "batch": 0, "step": 4, "best": float("inf")},
        "imported": {"layout": "monodepth2", "source": f"{SECRET}/mono.pth", "sha256": {"mono.pth": "ab" * 32}},
    }
    torch.manual_seed(0)
    save_checkpoint(run.best, weights=build_method(RECIPE.method).state_dict(), config=config)
    run.write_recipe(recipe_to_json(recipe))
    return run.path


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine, and a cache of its own."""
    with serve_hub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(tmp_path / "harnesses.json"), raising=False)
        monkeypatch.setenv("HF_TOKEN", "hf_nobodys")
        yield server


def image(folder: Path) -> Path:
    path = folder / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (48, 80, 3), np.uint8))
    return path


def evaluated(run: Path, *, with_checkpoint: str) -> None:
    """Add predictions of this checkpoint, and scores."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    write_predictions(
        [Prediction("a", pixels, np.ones((8, 8), np.float32), "up-to-scale", "none")],
        run / "predictions",
        model=str(run / "checkpoints" / with_checkpoint),
        frames_from=SECRET,
        png=False,
        video=False,
    )
    scores = tuple(Scores(name, 3, {"all": METRICS}) for name in ("model", "row-mean depth"))
    note = ProtocolNote("mine", "mine: ground truth my laser")
    write_evaluation(RunFolder(run).evaluation, Evaluation(note, ("all",), scores, truth=f"{SECRET}/truth"))


def test_a_published_folder_predicts_alike_and_names_no_place_of_its_maker(trained: Path, tmp_path: Path):
    published = vection.publish(trained, tmp_path / "model", **WORDS)
    folder = tmp_path / "model"
    assert published.place == str(folder)
    assert published.remarks == ("the card has no scores: the run was not evaluated (vection evaluate RUN).",)
    assert {file.name for file in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    everything = b"".join(file.read_bytes() for file in folder.iterdir())
    for word in (b"secret", b"maker", b"/home", str(tmp_path).encode(), str(trained).encode(), b"camera.mp4"):
        assert word not in everything
    json.loads((folder / "config.json").read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert load_file(folder / "model.safetensors").keys() == build_method(RECIPE.method).state_dict().keys()
    photo = image(tmp_path)
    before, after = vection.load(trained).predict(photo), vection.load(folder).predict(photo)
    assert np.array_equal(before.depth, after.depth)
    (own,), (others,) = vection.load(trained).rule.trained, vection.load(folder).rule.trained
    assert (others.window, others.clips) == (own.window, ())
    with pytest.raises(UsageError, match="exists already"):
        vection.publish(trained, folder, **WORDS)


def test_the_card_states_what_it_is(trained: Path, tmp_path: Path):
    run = tmp_path / "first"
    shutil.copytree(trained, run)
    evaluated(run, with_checkpoint="best")
    assert vection.publish(run, tmp_path / "street", **WORDS).remarks == ()
    card = huggingface_hub.ModelCard.load(tmp_path / "street" / "README.md")
    assert (card.data.license, card.data.library_name) == ("cc-by-4.0", "vection")
    assert card.data.pipeline_tag == "depth-estimation"
    assert "truth" not in card.text.replace("ground truth", "")
    for line in (
        "# street",
        "| trained on | Two drives of a synthetic street |",
        "| licence | cc-by-4.0 |",
        f"| started from | published weights in the layout monodepth2, whose terms apply (SHA-256 {'ab' * 8}) |",
        f"| training | 4 optimiser steps, batch {RECIPE.data.batch_size} |",
        "| unit of depth | up to scale: one unknown factor; its numbers are no metres |",
        "| scale | none: monocular training leaves the scale open |",
        "mine: ground truth my laser.",
        "| this model | all | 3 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 |",
        "| row-mean depth | all | 3 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 | 0.125 |",
    ):
        assert line in card.text.splitlines()


def test_a_scale_is_published_with_its_weights(trained: Path, tmp_path: Path, hub: Hub):
    run = RunFolder(tmp_path / "first")
    shutil.copytree(trained, run.path)
    reading = ScaleReading("camera height of 1.65 m", 3.0, 0.01, 0.02, 1, ("secret_frame",), (3.0,))
    size = {"width": RECIPE.data.width, "height": RECIPE.data.height}
    found = RunScale(3.0, 0.01, (reading,), "best", weights_digest(run.best), frames_from=SECRET, **size)
    write_scale(run.scale, found)
    vection.publish(run.path, "hf://owner/street", **WORDS)
    for place in ("hf://owner/street", tmp_path / "checkpoints" / "street"):
        if isinstance(place, Path):
            vection.publish(run.path, place, **WORDS)
            assert not any(b"secret" in file.read_bytes() for file in place.iterdir())
            assert "| unit of depth | metres |" in (place / "README.md").read_text().splitlines()
        loaded = vection.load(place)
        assert (loaded.unit, loaded.depth_scale, loaded.scale_source) == ("metres", 3.0, found.source)
    write_scale(run.scale, replace(found, weights="0" * 64))
    vection.publish(run.path, tmp_path / "other", **WORDS)
    assert not (tmp_path / "other" / "scale.json").exists()


def test_scores_of_another_checkpoint_are_left_out(trained: Path, tmp_path: Path):
    run = tmp_path / "first"
    shutil.copytree(trained, run)
    evaluated(run, with_checkpoint="last")
    (remark,) = vection.publish(run, tmp_path / "other", **WORDS).remarks
    assert "predicted with another checkpoint" in remark
    shutil.rmtree(run / "predictions")
    evaluated(run, with_checkpoint="best")
    os.utime(run / "checkpoints" / "best" / "config.json", (2e9, 2e9))  # trained on since
    (remark,) = vection.publish(run, tmp_path / "older", **WORDS).remarks
    assert "older than the checkpoint" in remark
    assert "Not measured." in (tmp_path / "older" / "README.md").read_text()


@pytest.mark.parametrize(
    "changes",
    [{"trained_on": f"my videos in {SECRET}"}, {"trained_on": " "}, {"licence": "free: for all"}],
)
def test_words_that_cannot_be_published(changes: dict[str, str], trained: Path, tmp_path: Path):
    with pytest.raises(UsageError, match=r"names a place on this machine|is empty|no identifier of a licence"):
        vection.publish(trained, tmp_path / "model", **{**WORDS, **changes})
    assert list(tmp_path.iterdir()) == []


def test_a_model_goes_to_the_hub_and_comes_back(
    trained: Path, tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
):
    words = ["--licence", "cc-by-4.0", "--trained-on", "Two drives of a synthetic street"]
    assert main(["publish", str(trained), "hf://owner/street", *words]) == 0
    place = capsys.readouterr().out.strip()
    model = hub.models["owner/street"]
    assert place == f"hf://owner/street@{model.branch}"
    assert model.private
    assert set(model.commits[model.branch]) == {"config.json", "model.safetensors", "README.md"}
    assert b"vection predict hf://owner/street drive.mp4" in model.commits[model.branch]["README.md"]
    photo, out = image(tmp_path), tmp_path / "predictions"
    assert main(["predict", "hf://owner/street", str(photo), "--out", str(out), "--device", "cpu"]) == 0
    assert read_prediction_list(out).model == place
    assert np.array_equal(np.load(out / "depth" / "photo.npy"), vection.load(trained).predict(photo).depth)
    assert not any("README" in asked for asked in hub.asked if "/resolve/" in asked)
    pinned = with_start(starting_recipe("hf://owner/street", out=tmp_path))
    assert pinned.start_from == place
    assert public_recipe(pinned).start_from == place
    vection.publish(trained, "hf://owner/open", public=True, **WORDS)
    assert not hub.models["owner/open"].private


def test_a_commit_is_taken_as_it_is_named_also_without_the_hub(trained: Path, tmp_path: Path, hub: Hub):
    first = vection.publish(trained, "hf://owner/street", **WORDS).place
    model = hub.models["owner/street"]
    model.commit({"model.safetensors": b"worse", "extra.pkl": b"cos\nsystem\n", "../../escaped.json": b"{}"})
    photo = image(tmp_path)
    expected = vection.load(trained).predict(photo).depth
    assert np.array_equal(vection.load(first).predict(photo).depth, expected)
    with pytest.raises(DataError, match=r"model\.safetensors' is damaged"):
        vection.load("hf://owner/street")
    assert not any(name in asked for asked in hub.asked for name in ("extra.pkl", "escaped"))
    assert not list(tmp_path.rglob("escaped.json"))
    hub.models.clear()
    assert np.array_equal(vection.load(first).predict(photo).depth, expected)
    with pytest.raises(UsageError, match=r"Cannot fetch hf://owner/nothing: there is none that you may read"):
        vection.load("hf://owner/nothing")


def test_weights_that_are_not_those_of_the_settings_are_refused(trained: Path, tmp_path: Path, hub: Hub):
    vection.publish(trained, "hf://owner/street", **WORDS)
    vection.publish("street", tmp_path / "other", **WORDS)
    hub.models["owner/street"].commit({"model.safetensors": (tmp_path / "other" / "model.safetensors").read_bytes()})
    with pytest.raises(DataError, match=r"not those of its config\.json \(SHA-256\)"):
        vection.load("hf://owner/street")
    assert "| started from | ImageNet weights of the encoder |" in (tmp_path / "other" / "README.md").read_text()


def test_what_the_hub_refuses_is_one_sentence_and_leaves_nothing(trained: Path, tmp_path: Path, hub: Hub):
    vection.publish(trained, "hf://owner/street", **WORDS)
    model = hub.models["owner/street"]
    before = model.branch
    hub.refuses = "license must be one of many"
    with pytest.raises(UsageError, match=r"the Hub refuses it \(.*license must be one of many"):
        vection.publish(trained, "hf://owner/street", **WORDS)
    hub.refuses, hub.fails_at = "", "/commit/"
    with pytest.raises(UsageError, match=r"Cannot send hf://owner/street .*nothing of it is visible\."):
        vection.publish(trained, "hf://owner/street", **WORDS)
    assert model.branch == before
    with pytest.raises(UsageError, match="cannot be written; leave @main out"):
        vection.publish(trained, "hf://owner/street@main", **WORDS)
    with pytest.raises(UsageError, match="has no version 'v9'"):
        vection.load("hf://owner/street@v9")
    with pytest.raises(UsageError, match="is one checkpoint and no run of several"):
        vection.load("hf://owner/street", checkpoint="best")
    hub.models["owner/empty"] = type(model)(private=False)
    hub.models["owner/empty"].commit({"config.json": b"{}"})
    with pytest.raises(DataError, match=r"no model of vection: it has no model\.safetensors"):
        vection.load("hf://owner/empty")


@pytest.mark.parametrize(
    "address", ["hf://owner", "hf://owner/../x", "hf://../x/y", "hf://owner/name@../x", "hf://o/n@"]
)
def test_addresses_that_are_none(address: str):
    with pytest.raises(UsageError, match="is no address of a model"):
        vection.load(address)


def test_only_places_are_taken_out_of_a_recipe():
    recipe = vection.get_recipe("lite-mono")
    recipe = replace(recipe, data=replace(recipe.data, split="eigen_zhou:train", labels="clips"), start_from="street")
    assert asdict(public_recipe(recipe)) == asdict(recipe)
    private = replace(recipe, method=replace(recipe.method, depth_weights=f"{SECRET}/imagenet.pth"), start_from=SECRET)
    assert asdict(public_recipe(private)) == asdict(replace(recipe, start_from=None))


def test_the_card_says_of_which_base_logarithms_are():
    note = ProtocolNote("make3d-c1", settings={"log_base": "10"})
    lines = _scores(Evaluation(note, ("all",), (Scores("model", 3, {"all": METRICS}),)))
    assert "| rmse | rmse_log10 | a1 |" in lines[2]
