"""What a report shows of predictions: pictures, photos, several paths, and the score without labels."""

from pathlib import Path

import numpy as np
import pytest
from tests.inference.test_write import predictions
from tests.reports.fake_run import fake_evaluation

from vection.formats.evaluation_file import Evaluation, ProtocolNote
from vection.formats.metrics_log import Event, append_event
from vection.inference.observe import ObservedFrame
from vection.inference.write import write_predictions
from vection.reports.findings import label_free
from vection.reports.report import write_report
from vection.reports.seen import MAX_FRAMES, seen_section


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    flow = np.ones((2, 8, 12), np.float32)
    source = np.full((1, 8, 12), 2, np.float32)
    for name in ("first", "second"):
        seen = [ObservedFrame(f"{index:06d}", 0.1 * index, {"rigid-flow": flow, "source": source}) for index in (1, 2)]
        write_predictions(predictions(4), folder / "predictions" / name, model="m", pictures=iter(seen), video=False)
    for step, error in ((10, 0.3), (20, 0.1), (30, 0.2)):
        event = Event(step, 1.0, split="validation", depth_statistics={"measured_log_error": error})
        append_event(folder / "metrics.jsonl", event)
    return folder


def test_pictures_paths_and_the_score_without_labels_are_shown(run: Path):
    page = write_report(run).read_text()
    for sentence in (
        "How it explains frames",
        "rigid-flow</b>: white is still, full colour 1.4 pixels",
        "optical flow of the camera&#39;s motion alone",
        "differed least at step 20, by less than 10.5 %, and at the end (step 30) by less than 22.1 %",
        ">first</text>",
        ">second</text>",
    ):
        assert sentence in page, sentence
    assert "no example frames" not in page


def test_frames_are_spread_over_the_folders_and_colours_are_named(run: Path):
    seen = seen_section(sorted((run / "predictions").iterdir()))
    assert seen is not None
    assert len(seen.frames) == MAX_FRAMES
    assert [name for name, _ in seen.frames] == ["000001", "000002"] * 2
    assert ("next frame", "rgb(60, 130, 220)") in seen.swatches
    assert seen_section([]) is None


def test_a_photo_is_one_colour_image_and_shown(tmp_path: Path):
    folder = write_predictions(predictions(1), tmp_path / "run" / "predictions", model="m")
    assert (folder / "depth.png").is_file()
    assert not (folder / "depth.mp4").exists()
    assert "depth, near is bright" in write_report(tmp_path / "run").read_text()


def test_the_label_free_score_is_told_when_it_was_evaluated():
    truth = fake_evaluation()
    assert label_free(truth, []) is None
    note = ProtocolNote("measured", "against measured depth", {"ground_truth": "measured"})
    measured = Evaluation(note, truth.categories, truth.results)
    assert "Evaluated on 120 images" in (label_free(measured, []) or "")
    assert "14.0 %" in (label_free(measured, []) or "")
