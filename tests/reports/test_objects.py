import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.reports.fake_run import HEIGHT, WIDTH, fake_example, write_fake_run

from vection.evaluation.objects.motion import motion_curve
from vection.evaluation.objects.scores import ObjectScores
from vection.reports.examples import read_examples, write_example
from vection.reports.objects import object_tiles
from vection.reports.pictures import colour_flow, fastest
from vection.reports.report import write_report


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose predictions say what moves."""
    folder = write_fake_run(tmp_path / "run")
    moving = np.zeros((HEIGHT, WIDTH), bool)
    moving[40:60, 100:140] = True
    mask = (0.7 * moving + 0.1).astype(np.float32)
    flow = np.where(moving[:, :, None], np.array([0.5, 0, 1]), 0).astype(np.float32)
    for example in read_examples(folder / "examples")[:2]:
        found = {"motion_mask": mask, "moving": moving, "object_flow": flow, "true_flow": flow}
        write_example(folder / "examples", replace(example, **found))
    scores = ObjectScores(motion_images=2, motion=motion_curve(mask, moving=moving))
    content = json.loads((folder / "evaluation.json").read_text())
    content["results"][0] |= {
        "objects": scores.to_note().to_json(),
        "depth_ratio": {"all": 1.0, "moving objects": 3.456},
    }
    (folder / "evaluation.json").write_text(json.dumps(content))
    return folder


def test_the_report_shows_what_moves(run: Path) -> None:
    page = write_report(run).read_text()
    assert "What moves" in page
    assert "1.000 (precision 1.000, recall 1.000)" in page
    assert "moving objects <b>3.46</b>" in page
    assert page.count("<svg") == 6
    assert page.count("data:image/jpeg;base64,") == 3 * 4 + 2 + 2 * 4
    assert "predicted object flow (full colour: 1.1 m a frame)" in page
    assert "at the best of 150 thresholds" in page


def test_runs_without_motion_have_no_such_section(tmp_path: Path) -> None:
    page = write_report(write_fake_run(tmp_path / "run")).read_text()
    assert "What moves" not in page
    assert "object flow" not in page


def test_holes_are_shown_of_methods_without_motion(run: Path) -> None:
    content = json.loads((run / "evaluation.json").read_text())
    content["results"][0]["objects"] = None
    (run / "evaluation.json").write_text(json.dumps(content))
    page = write_report(run).read_text()
    assert "moving objects <b>3.46</b>" in page
    assert "How well the mask" not in page


def test_classes_are_shown_in_colours(tmp_path: Path) -> None:
    classes = np.full((HEIGHT, WIDTH), 13, np.uint8)  # cars
    write_example(tmp_path, replace(fake_example(0), classes=classes, true_classes=np.zeros_like(classes)))
    tiles = object_tiles(read_examples(tmp_path)[0])
    assert [caption for caption, _ in tiles] == ["predicted classes", "true classes"]
    picture = cv2.imdecode(np.frombuffer(b64decode(tiles[0][1].partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(picture[0, 0], (142, 0, 0), atol=3)  # BGR


def test_examples_keep_their_motion(tmp_path: Path) -> None:
    example = fake_example(0)
    flow = np.random.default_rng(0).normal(size=(HEIGHT, WIDTH, 3)).astype(np.float32)
    write_example(tmp_path, replace(example, object_flow=flow))
    read = read_examples(tmp_path)[0]
    np.testing.assert_array_equal(read.object_flow, flow)
    assert read.motion_mask is None


def test_colours_of_flow() -> None:
    flow = np.zeros((1, 4, 3), np.float32)
    flow[0, 1], flow[0, 2] = [2, 0, 0], [0, 0, -1]
    assert fastest(flow) == pytest.approx(1.98)
    assert fastest(np.zeros((2, 2, 3), np.float32)) == 1
    colours = colour_flow(flow, fastest=2.0)
    assert colours[0].tolist() == [[128, 128, 128], [255, 128, 128], [128, 128, 64], [128, 128, 128]]
