import json
import os
import re
from pathlib import Path

import pytest
import torch
from tests.reports.fake_run import fake_evaluation, fake_events, fake_path, write_fake_run

from vection.errors import DataError, UsageError
from vection.formats.checkpoint import save_checkpoint, weights_digest
from vection.formats.metrics_log import Event
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, ScaleReading, write_scale
from vection.reports.findings import health_remarks
from vection.reports.report import _path, write_report


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(write_fake_run(tmp_path_factory.mktemp("report") / "run")).read_text()


def test_the_report_has_every_part(page: str) -> None:
    assert "41 % less than the best it is compared with: row-mean depth" in page
    for part in ("constant depth", "moving objects", "waiting for data 3 %", "relative error", "step 400"):
        assert part in page
    assert page.count("<svg") == 5  # loss, terms, depth, histogram, path
    assert page.count("data:image/jpeg;base64,") == 3 * 4 + 2
    assert "&#34;seed&#34;: 3" in page


def test_the_report_needs_nothing_from_elsewhere(page: str) -> None:
    references = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert references
    assert all(reference.startswith(("data:", "#")) for reference in references)
    assert "http" not in page.replace("http-equiv", "")
    assert "url(http" not in page
    assert "@import" not in page


def test_the_best_of_a_column_is_bold(page: str) -> None:
    best = re.findall(r'<td class="best">([\d.]+)', page)
    model = next(scores for scores in fake_evaluation().results if scores.name == "model")
    expected = [f"{value:.3f}" for errors in model.errors.values() for value in errors.values()]
    assert best == expected


def test_the_report_is_the_same_each_time(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    assert write_report(run).read_bytes() == write_report(run, out=tmp_path / "again.html").read_bytes()


def test_missing_parts_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"name": "only <settings>"}')
    page = write_report(tmp_path).read_text()
    assert "only &lt;settings&gt;" in page
    for sentence in ("was not evaluated", "no example frames", "No path was predicted", "no training log"):
        assert sentence in page
    assert "<svg" not in page


def test_a_model_that_learned_nothing_is_called_so(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    content = json.loads((run / "evaluation.json").read_text())
    content["results"][0]["errors"]["all"]["abs_rel"] = 0.5
    (run / "evaluation.json").write_text(json.dumps(content))
    assert "this model has not learned depth" in write_report(run).read_text()


def test_health_remarks(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    events = fake_events(400)
    for event in events:
        event["seconds_data"] = 5.0
        if event["split"] == "validation":
            event["remarks"] = ["The depth is nearly the same everywhere (collapse)."]
            event["loss"] = float(str(event["step"]))
    learning = next(event for event in events if event["split"] == "train")
    learning["remarks"] = ["The scale drifts."]
    (run / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    page = write_report(run).read_text()
    assert "waited for data 58 % of the time" in page
    assert "collapse" in page
    assert "The validation loss was least at step 100" in page
    assert f"Step {learning['step']}: The scale drifts." in page


def test_a_killed_run_can_be_reported(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    with (run / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 410, "lo')
    assert "400" in write_report(run).read_text()


def test_broken_parts_are_named(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    (run / "metrics.jsonl").write_text('nonsense\n{"step": 1, "loss": 1}\n')
    with pytest.raises(DataError, match=r"Line 1 of .*metrics.jsonl"):
        write_report(run)
    (run / "metrics.jsonl").unlink()
    (run / "predictions" / "path_kitti.txt").write_text("1 2 3\n")
    with pytest.raises(DataError, match="is no camera path: its lines have 3 columns"):
        write_report(run)
    (run / "evaluation.json").write_text('{"protocol": {"name": "x"}, "categories": []}')
    with pytest.raises(DataError, match="'results'"):
        write_report(run)
    (run / "examples" / "000.npz").write_bytes(b"no zip")
    (run / "evaluation.json").unlink()
    with pytest.raises(DataError, match=r"000\.npz"):
        write_report(run)


def test_scores_of_other_weights_are_called_so(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    fresh = write_report(run).read_text()
    assert "On 120 evaluated images" in fresh
    assert "may be those of other weights" not in fresh
    os.utime(run / "evaluation.json", (1e9, 1e9))
    page = write_report(run).read_text()
    assert "may be those of other weights: the evaluation is older than the checkpoint or the predictions" in page
    assert "AbsRel</dt>" not in page.partition("</header>")[0]


def test_paths_of_folders_of_one_name_are_all_drawn(tmp_path: Path) -> None:
    for drive in ("09", "10"):
        (tmp_path / drive / "image_2").mkdir(parents=True)
        (tmp_path / drive / "image_2" / "path_kitti.txt").write_text(fake_path(1.0))
    figure = _path([tmp_path / "09/image_2", tmp_path / "10/image_2"], tmp_path)
    assert figure is not None
    assert ">09/image_2</text>" in figure
    assert ">10/image_2</text>" in figure


def test_losses_of_stages_and_losses_that_choose_nothing_are_not_compared() -> None:
    def events(*losses: float, stage: str, first: int = 0, chosen: tuple[float, ...] = ()) -> list[Event]:
        better: tuple[float | None, ...] = chosen or (None,) * len(losses)
        return [
            Event(first + index, loss, "validation", stage=stage, selection_loss=better[index])
            for index, loss in enumerate(losses)
        ]

    falling = events(0.3, 0.25, 0.2, stage="two", first=2)
    assert health_remarks([*events(0.1, 0.09, stage="one"), *falling]) == []
    assert health_remarks(events(0.2, 0.3, 0.4, stage="one", chosen=(0.3, 0.2, 0.1))) == []
    (remark,) = health_remarks(events(0.4, 0.3, 0.2, stage="one", chosen=(0.1, 0.2, 0.3)))
    assert "that chooses the checkpoint was least at step 0 (0.1) and ended at 0.3" in remark


def test_numbers_are_those_of_the_protocol(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    content = json.loads((run / "evaluation.json").read_text())
    content["results"][0]["factor"] = 5.4
    content["protocol"]["log_base"] = "10"
    (run / "evaluation.json").write_text(json.dumps(content))
    page = write_report(run).read_text()
    assert "brings the predictions to metres is 126 (" in page  # 5.4 times a median ratio of 23.4
    assert "RMSE log10" in page
    assert "natural logarithm" not in page


def test_places_that_are_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run folder"):
        write_report(tmp_path / "absent")
    with pytest.raises(UsageError, match=r"is no run folder: it has no recipe\.json"):
        write_report(tmp_path)


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        write_report(run, out=tmp_path / "file" / "report.html")
    assert not list(tmp_path.glob("**/*.tmp"))


@pytest.mark.parametrize("changed", [False, True])
def test_a_scale_of_weights_that_have_changed_is_called_so(changed: bool, tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "run")
    checkpoint = RunFolder(run).best
    save_checkpoint(checkpoint, weights={"weight": torch.ones(2)}, config={"recipe": {}})
    reading = ScaleReading("distance", 2.0, 0.1, None, 1, ("a",), (2.0,))
    scale = RunScale(2.0, 0.1, (reading,), "best", weights_digest(checkpoint), 96, 64)
    write_scale(RunFolder(run).scale, scale)
    if changed:
        save_checkpoint(checkpoint, weights={"weight": torch.zeros(2)}, config={"recipe": {}})
    assert ("it holds no longer" in write_report(run).read_text()) == changed
