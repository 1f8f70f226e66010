import io
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from rich.console import Console
from tests.reports.fake_run import fake_evaluation, write_fake_run

from vection.errors import DataError, UsageError
from vection.evaluation.depth.baselines import row_mean_predictions
from vection.evaluation.depth.evaluate import depth_at_size, evaluate_depth
from vection.evaluation.depth.protocol import DepthProtocol
from vection.evaluation.depth.protocols import MAKE3D
from vection.evaluation.depth.result import DepthResult, evaluation_of, results_table
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet, truths_in_memory
from vection.formats.evaluation_file import read_evaluation, write_evaluation
from vection.reports.report import write_report

PLAIN = DepthProtocol("plain", "made up", categories=("all", "near", "absent"))
SIZE = (6, 8)


def truth_of(name: str, *, scale: float = 1.0) -> GroundTruth:
    depth = scale * np.linspace(1, 40, SIZE[0] * SIZE[1]).reshape(SIZE).astype(np.float32)
    return GroundTruth(name, depth, {"near": depth < 10 * scale})


def reader(maps: dict[str, np.ndarray]) -> PredictionReader:
    return PredictionReader("test", tuple(maps), lambda name: PredictedMap(maps[name]))


def two_images() -> tuple[TruthSet, dict[str, np.ndarray]]:
    truths = truths_in_memory([truth_of("a"), truth_of("b")])
    return truths, {"a": truth_of("a").depth / 2, "b": truth_of("b").depth / 4}


def evaluated(scaling: str, *, factor: float = 1.0) -> DepthResult:
    truths, maps = two_images()
    return evaluate_depth(reader(maps), truths, replace(PLAIN, scaling=scaling, factor=factor))


def test_scaling_per_image_finds_a_perfect_prediction():
    result = evaluated("median-per-image")
    assert result.categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)
    assert [row.ratio for row in result.rows if row.category == "all"] == pytest.approx([2, 4])
    assert result.ratio_median == pytest.approx(3)
    assert result.ratio_std == pytest.approx(1 / 3)


def test_one_scale_is_the_median_of_the_ratios():
    # Ratios 2 and 4, one scale 3: the predictions come out as 1.5 and 0.75 of the truth.
    assert evaluated("one-scale").categories["all"].mean.abs_rel == pytest.approx((0.5 + 0.25) / 2, rel=1e-5)


def test_truth_of_another_source_is_refused():
    truths, maps = two_images()
    evaluate_depth(reader(maps), replace(truths, source="made up"), PLAIN)
    with pytest.raises(UsageError, match="is not what the protocol 'plain' compares with"):
        evaluate_depth(reader(maps), replace(truths, source="KITTI 2015 stereo disparity"), PLAIN)


def test_a_factor_leaves_metres_alone():
    maps = {"a": np.full((2, 2), 5, np.float32)}
    truths = truths_in_memory([GroundTruth("a", np.full((2, 2), 5, np.float32))])
    stereo = replace(PLAIN, scaling="none", factor=5.4)
    metric = replace(reader(maps), unit="metres")
    found = [evaluate_depth(one, truths, stereo, name=one.unit) for one in (metric, reader(maps))]
    assert [one.categories["all"].mean.abs_rel for one in found] == pytest.approx([0, 4.4])
    assert [one.scales() for one in found] == [{"a": 1.0}, {"a": 5.4}]
    assert "metres: truth/prediction ratio 1 +- 0.000; in metres already" in str(results_table(found).caption)
    row_mean = evaluate_depth(row_mean_predictions(truths, truths), truths, stereo)
    assert row_mean.categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)


def test_no_scaling_but_a_factor():
    assert evaluated("none").categories["all"].mean.abs_rel == pytest.approx((0.5 + 0.75) / 2, rel=1e-5)
    assert evaluated("none", factor=2.0).categories["all"].mean.abs_rel == pytest.approx((0 + 0.5) / 2, abs=1e-5)


def test_clamping_comes_after_scaling():
    truths = truths_in_memory([GroundTruth("a", np.array([[10.0, 10.0, 100.0]], np.float32))])
    maps = {"a": np.array([[1.0, 1.0, 10.0]], np.float32)}
    result = evaluate_depth(reader(maps), truths, PLAIN)
    assert result.categories["all"].mean.abs_rel == pytest.approx(0.2 / 3)  # 100 m is clamped to 80
    free = evaluate_depth(reader(maps), truths, replace(PLAIN, clamp=False))
    assert free.categories["all"].mean.abs_rel == pytest.approx(0, abs=1e-6)


def test_categories_share_the_scale_of_the_image():
    truth = truth_of("a")
    wrong = np.where(truth.categories["near"], 2 * truth.depth, truth.depth)
    result = evaluate_depth(reader({"a": wrong}), truths_in_memory([truth]), PLAIN)
    near = result.categories["near"]
    assert near.pixels == truth.categories["near"].sum()
    assert near.mean.abs_rel == pytest.approx(result.rows[0].ratio * 2 - 1, rel=1e-4)
    assert "absent" not in result.categories


def test_averaging_per_pixel_weights_images_by_their_pixels():
    sparse = truth_of("b").depth.copy()
    sparse[1:] = 0
    truths = truths_in_memory([truth_of("a"), GroundTruth("b", sparse)])
    maps = {"a": truth_of("a").depth, "b": truth_of("b").depth * np.linspace(1, 2, 48).reshape(SIZE).astype(np.float32)}
    each = evaluate_depth(reader(maps), truths, PLAIN)
    pooled = evaluate_depth(reader(maps), truths, replace(PLAIN, averaging="per pixel"))
    error = each.rows[-1].errors.abs_rel
    assert error > 0
    assert each.categories["all"].mean.abs_rel == pytest.approx(error / 2)
    assert pooled.categories["all"].mean.abs_rel == pytest.approx(error * 8 / 56)


def test_resizing_inverse_depth_or_depth():
    small = np.array([[1.0, 3.0]], np.float32)
    by_inverse = depth_at_size(PredictedMap(small), (1, 4))
    np.testing.assert_allclose(by_inverse, [[1, 1 / (0.75 + 0.25 / 3), 1 / (0.25 + 0.75 / 3), 3]], rtol=1e-6)
    by_depth = depth_at_size(PredictedMap(small), (1, 4), resize="depth")
    np.testing.assert_allclose(by_depth, [[1, 1.5, 2.5, 3]], rtol=1e-6)
    inverse = depth_at_size(PredictedMap(1 / small, "inverse-depth"), (1, 4))
    np.testing.assert_allclose(inverse, by_inverse, rtol=1e-6)


def test_missing_predictions_are_named():
    truths, maps = two_images()
    del maps["b"]
    with pytest.raises(UsageError, match=r"lacks 1 of the 2 images .*: b"):
        evaluate_depth(reader(maps), truths, PLAIN)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_unusable_predictions_are_refused(value):
    truths, maps = two_images()
    maps["b"][2, 3] = value
    with pytest.raises(DataError, match=r"'b' is zero, negative or not finite at 1 of 48"):
        evaluate_depth(reader(maps), truths, PLAIN)


def test_images_without_truth_are_skipped_and_counted():
    truths = truths_in_memory([truth_of("a"), GroundTruth("b", np.zeros(SIZE, np.float32))])
    result = evaluate_depth(reader(two_images()[1]), truths, PLAIN)
    assert result.skipped == ("b",)
    assert result.images == 1
    with pytest.raises(DataError, match="no depth that the protocol"):
        evaluate_depth(reader(two_images()[1]), truths.select(["b"]), PLAIN)


def test_json_is_what_the_report_reads(tmp_path):
    truths, maps = two_images()
    result = evaluate_depth(reader(maps), truths, PLAIN)
    other = evaluate_depth(reader(maps), truths, PLAIN, name="constant depth")
    path = tmp_path / "evaluation.json"
    write_evaluation(path, evaluation_of([result, other]))
    assert "NaN" not in path.read_text()
    read = read_evaluation(path)
    assert read.protocol.description == PLAIN.describe()
    assert read.categories == ("all", "near")
    scores = read.scores("constant depth")
    assert scores is not None
    assert scores.errors["near"]["abs_rel"] == other.categories["near"].mean.abs_rel
    assert scores.interval["all"]["a1"] == (1.0, 1.0)


def test_csv_and_table(tmp_path):
    truths, maps = two_images()
    calls: list[tuple[int, int]] = []
    result = evaluate_depth(reader(maps), truths, PLAIN, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
    result.write_csv(tmp_path / "rows.csv")
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines[0].startswith("name,category,pixels,ratio,abs_rel")
    assert len(lines) == 1 + 4
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    with pytest.raises(UsageError, match="Cannot write"):
        result.write_csv(tmp_path / "rows.csv" / "rows.csv")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(result.table())
    text = console.export_text()
    assert "AbsRel" in text
    assert "median scaling per image" in text


def test_results_of_different_protocols_do_not_mix():
    with pytest.raises(UsageError, match="different protocols"):
        results_table([evaluated("none"), evaluated("one-scale")])


def test_errors_of_the_kitti_server():
    truths, maps = two_images()
    protocol = replace(PLAIN, scaling="none", clamp=False, server=True, categories=("all",), images=1000)
    result = evaluate_depth(reader(maps), truths, protocol)
    # Predictions are a half and a quarter of the truth: no spread of logarithms, relative errors 1/2 and 3/4.
    server = evaluation_of([result]).results[0].server["all"]
    assert server["SILog"] == pytest.approx(0, abs=1e-4)
    assert server["absErrorRel"] == pytest.approx(100 * (0.5 + 0.75) / 2, rel=1e-5)
    assert server["sqErrorRel"] == pytest.approx(100 * (0.25 + 0.5625) / 2, rel=1e-5)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(results_table([result]))
    text = " ".join(console.export_text().split())
    assert "iRMSE" in text
    assert "2 images were evaluated, not the 1000" in text


def test_categories_weighted_by_pixels(tmp_path):
    truths, maps = two_images()
    near = truths.read("a").categories["near"]
    smaller = GroundTruth("a", truths.read("a").depth, {"near": near & (np.arange(near.size).reshape(SIZE) < 3)})
    truths = truths_in_memory([smaller, truths.read("b")])
    protocol = replace(PLAIN, scaling="none", categories=("all", "near"), category_averaging="per pixel", server=True)
    result = evaluate_depth(reader(maps), truths, protocol)
    pixels = int(near.sum())
    expected = (3 * 0.5 + pixels * 0.75) / (3 + pixels)
    assert result.categories["near"].mean.abs_rel == pytest.approx(expected, rel=1e-5)
    assert result.categories["all"].mean.abs_rel == pytest.approx((0.5 + 0.75) / 2, rel=1e-5)
    result.write_csv(tmp_path / "scores.csv")
    heading, *lines = (tmp_path / "scores.csv").read_text().splitlines()
    assert heading.endswith("SILog,sqErrorRel,absErrorRel,iRMSE")
    assert {len(line.split(",")) for line in lines} == {15}


def test_make3d_reads_the_nearest_pixel_and_logarithms_to_base_ten():
    truth = GroundTruth("a", np.full((2, 3), 10.0, np.float32))
    values = np.repeat(np.repeat(np.array([[1.0, 1, 100], [1, 1, 1]], np.float32), 2, axis=0), 2, axis=1)
    protocol = replace(MAKE3D, images=None)
    result = evaluate_depth(reader({"a": values}), truths_in_memory([truth]), protocol)
    # Median scaling makes 1 to 10 m, and 100 to 1000 m, which is cut at 70 m.
    errors = result.categories["all"].mean
    assert errors.abs_rel == pytest.approx(6 / 6)
    assert errors.rmse_log == pytest.approx(np.log10(7) / np.sqrt(6), rel=1e-6)


def test_make3d_takes_opencvs_nearest_pixel():
    values = np.arange(1, 192 * 640 + 1, dtype=np.float32).reshape(192, 640)
    nearest = depth_at_size(PredictedMap(values), (21, 305), resize="depth", interpolation="nearest")
    np.testing.assert_array_equal(nearest, cv2.resize(values, (305, 21), interpolation=cv2.INTER_NEAREST))


def test_make3d_s_grid_has_another_shape_than_its_images():
    truth = GroundTruth("a", np.full((21, 305), 10.0, np.float32))
    protocol = replace(MAKE3D, images=None)
    result = evaluate_depth(reader({"a": np.ones((192, 640), np.float32)}), truths_in_memory([truth]), protocol)
    assert result.categories["all"].mean.abs_rel == pytest.approx(0)


def test_a_transposed_map_is_refused():
    truth = GroundTruth("a", np.full((4, 16), 10.0, np.float32))
    with pytest.raises(DataError, match="4x16 where the image is 16x4"):
        evaluate_depth(reader({"a": np.ones((16, 4), np.float32)}), truths_in_memory([truth]), replace(PLAIN))


@pytest.mark.parametrize("resize", ["depth", "inverse-depth"])
def test_a_map_without_depth_somewhere_is_not_blended_where_it_is_resized(resize):
    truths = truths_in_memory([GroundTruth("a", np.full((8, 12), 10.0, np.float32))])
    small = np.full((4, 6), 10, np.float32)
    small[1, 2] = 0
    with pytest.raises(DataError, match=r"'a' is zero, negative or not finite at"):
        evaluate_depth(reader({"a": small}), truths, replace(PLAIN, resize=resize))


def test_the_file_counts_the_images_of_each_category(tmp_path):
    truths, maps = two_images()
    nowhere = np.zeros(SIZE, np.bool_)
    truths = truths_in_memory([truths.read("a"), replace(truths.read("b"), categories={"near": nowhere})])
    result = evaluate_depth(reader(maps), truths, PLAIN)
    path = tmp_path / "evaluation.json"
    write_evaluation(path, evaluation_of([result]))
    (scores,) = read_evaluation(path).results
    assert (scores.images_of("all"), scores.images_of("near")) == (2, 1)
    assert "near" not in scores.interval  # one image has none
    assert math.isnan(result.categories["near"].low.abs_rel)
    cells = [list(column.cells) for column in result.table().columns if column.header == "AbsRel 95 %"]
    assert [cell == "-" for cell in cells[0]] == [False, True, True]
    assert replace(scores, category_images={}).images_of("near") == 2  # an older file


def test_the_report_prints_the_images_of_each_category(tmp_path):
    run = write_fake_run(tmp_path / "run")
    evaluation = fake_evaluation()
    counts = {category: 100 + index for index, category in enumerate(evaluation.categories)}
    results = tuple(replace(scores, category_images=counts) for scores in evaluation.results)
    write_evaluation(run / "evaluation.json", replace(evaluation, results=results))
    page = write_report(run).read_text()
    assert [page.count(f"<td>{count}</td>") for count in counts.values()] == [len(results)] * len(counts)
