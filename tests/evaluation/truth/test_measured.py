"""Depth measured in clips in the place of truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.data.conftest import write_grey_clip

from vection.data.clips.folder import ClipInfo, read_clip, write_clip
from vection.data.clips.truth_sources import TRUTH_SOURCES
from vection.errors import DataError, UsageError
from vection.evaluation import (
    compare_with_baselines,
    evaluate_depth,
    get_protocol,
    measured_truth,
    open_truth,
    predictions_in_memory,
)
from vection.formats.measured_geometry import (
    FOLDER,
    LEAST_WEIGHT,
    DepthWithWeight,
    MeasuredFrame,
    MeasuredList,
    read_measured,
    write_map,
    write_measured_list,
)
from vection.losses import measured_log_error

HEIGHT, WIDTH = 8, 16
MEASURED = get_protocol("measured")


def measure(clip: ClipInfo, *, scales: tuple[float | None, ...], segments: tuple[int, ...] = (0, 0, 0)) -> None:
    """Store made-up geometry; a frame without scale has no depth."""
    folder = clip.folder / FOLDER
    folder.mkdir()
    frames = []
    for index, (scale, segment) in enumerate(zip(scales, segments, strict=True)):
        if scale is not None:
            depth, weight = made_up(index)
            write_map(folder, clip.frames[index].stem, depth=depth, weight=weight)
        frames.append(MeasuredFrame(clip.frames[index].stem, 0.9, scale, segment))
    size = (clip.width, clip.height)
    write_measured_list(folder, MeasuredList(*size, *size, "test", {}, pairs=(), frames=tuple(frames)))


def made_up(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    depth = np.exp(generator.normal(1.5, 0.6, (HEIGHT, WIDTH))).astype(np.float32)
    depth[:2] = 0
    weight = generator.uniform(0.3, 1, depth.shape).astype(np.float32)
    weight[:, -3:] = 0.1
    return depth, np.where(depth > 0, weight, 0).astype(np.float32)


def predicted(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(9)
    return {name: generator.uniform(1, 30, (HEIGHT, WIDTH)).astype(np.float32) for name in names}


def test_what_is_comparable() -> None:
    depth, weight = made_up(0)
    expected = np.zeros(depth.shape, bool)
    expected[3:, :-4] = True  # a row below the unknown ones, a column beside the light ones; the image's border counts
    assert np.array_equal(DepthWithWeight(depth, weight).comparable, expected)
    alone = np.zeros((20, 20), np.float32)
    alone[:3, :3] = 1  # one pixel of it has known neighbours only, less than one in a hundred
    assert not DepthWithWeight(alone, alone).comparable[1:, 1:].all()
    alone[:, :] = LEAST_WEIGHT
    assert not DepthWithWeight(np.ones_like(alone), alone).comparable.any()


def test_depth_has_the_unit_of_its_segment(tmp_path: Path) -> None:
    clip = write_grey_clip(tmp_path / "a", frames=3)
    measure(clip, scales=(2.0, 2.0, 50.0), segments=(0, 0, 1))
    truths = measured_truth(tmp_path / "a")
    assert truths.source == "measured"
    assert truths.source in TRUTH_SOURCES
    medians = [float(np.median(truth.depth[truth.depth > 0])) for truth in truths]
    assert np.median(medians[:2]) == pytest.approx(1, rel=1e-5)
    assert medians[2] == pytest.approx(1, rel=1e-5)
    found = read_measured(clip.folder).read_depth(0)
    truth = truths.read("000000")
    ratio = truth.depth[found.comparable] / found.depth[found.comparable]
    assert np.allclose(ratio, ratio[0], rtol=1e-5)
    assert not truth.depth[~found.comparable].any()
    assert truth.image == clip.folder / clip.frames[0].file


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_grey_clip(tmp_path / name, frames=3)
    with pytest.raises(UsageError, match=r"No clip .* is measured; vection ingest and prepare measure on request"):
        measured_truth(tmp_path)
    measure(read_clip(tmp_path / "a"), scales=(1.0, None, 1.0))
    write_clip(replace(read_clip(tmp_path / "b"), targets=(1,)))
    measure(read_clip(tmp_path / "b"), scales=(1.0, 1.0, 1.0))
    truths = open_truth(tmp_path, source="measured")
    assert truths.names == ("a/000000", "a/000002", "b/000001")
    assert (
        "measured in 3 of 4 frames); 1 of 3 clips are not measured: vection ingest and prepare measure on request"
        in truths.description
    )
    with pytest.raises(UsageError, match="no folder of clips"):
        measured_truth(tmp_path / "a" / "clip.json")


def test_nothing_or_something_else_was_measured(tmp_path: Path) -> None:
    clip = write_grey_clip(tmp_path / "a", frames=3)
    measure(clip, scales=(None, None, None))
    with pytest.raises(DataError, match="no depth could be measured"):
        measured_truth(clip.folder)
    write_clip(replace(clip, frames=clip.frames[1:]))
    with pytest.raises(DataError, match="in other frames than the clip has"):
        measured_truth(clip.folder)


def test_only_median_scaling_and_only_its_protocol(tmp_path: Path) -> None:
    clip = write_grey_clip(tmp_path / "a", frames=3)
    measure(clip, scales=(1.0, 1.0, 1.0))
    truths = measured_truth(clip.folder)
    predictions = predictions_in_memory(predicted(truths.names))
    for scaling in ("none", "one-scale"):
        with pytest.raises(UsageError, match="known up to a scale"):
            evaluate_depth(predictions, truths, replace(MEASURED, scaling=scaling))
    with pytest.raises(UsageError, match="is not what the protocol 'synthetic' compares with"):
        evaluate_depth(predictions, truths, get_protocol("synthetic"))


def test_errors_share_and_baselines(tmp_path: Path) -> None:
    for name, scale in (("a", 1.0), ("b", 40.0)):
        measure(write_grey_clip(tmp_path / name, frames=3), scales=(scale, scale, scale))
    truths = measured_truth(tmp_path)
    maps = predicted(truths.names)
    comparison = compare_with_baselines(predictions_in_memory(maps), truths, MEASURED)
    assert [result.name for result in comparison.results] == ["model", "constant depth", "row-mean depth"]
    model = comparison.model
    assert model.share == pytest.approx(5 * 12 / (HEIGHT * WIDTH))
    errors = []
    for name in truths.names:
        index = int(name[-1])
        found = DepthWithWeight(*made_up(index)).comparable
        true, said = made_up(index)[0][found], maps[name][found]
        errors.append(np.mean(np.abs(said * np.median(true) / np.median(said) - true) / true))
    assert model.categories["all"].mean.abs_rel == pytest.approx(np.mean(errors), rel=2e-3)  # depth is stored in halves
    # The clips hold the same depth in other units, so the rows of one predict the other as well as themselves.
    own = compare_with_baselines(predictions_in_memory(maps), truths, MEASURED, row_mean_from=truths)
    rows = [found.results[2].categories["all"].mean.abs_rel for found in (comparison, own)]
    assert rows[0] == pytest.approx(rows[1], rel=1e-3)


def test_the_score_of_training_is_that_of_evaluation(tmp_path: Path) -> None:
    clip = write_grey_clip(tmp_path / "a", frames=3)
    measure(clip, scales=(3.0, None, 3.0))
    measured = read_measured(clip.folder)
    truths = measured_truth(clip.folder)
    maps = predicted(tuple(frame.stem for frame in clip.frames))
    result = evaluate_depth(predictions_in_memory(maps), truths, MEASURED)
    found = [measured.read_depth(index) for index in range(3)]
    depth, true, weight = (
        torch.from_numpy(np.stack(arrays))[:, None]
        for arrays in (list(maps.values()), [one.depth for one in found], [one.weight for one in found])
    )
    errors = measured_log_error(depth, true, weight)
    assert float(errors.mean()) == pytest.approx(result.median_log_error, rel=1e-5)
    assert errors.shape == (2,)
    assert measured_log_error(depth[1:2], true[1:2], weight[1:2]).shape == (0,)
    depth[0, 0, 4, 4] = torch.nan
    assert torch.isinf(measured_log_error(depth, true, weight)[0])


def test_weights_at_the_threshold_count_alike_in_both() -> None:
    depth = torch.linspace(1, 9, 64).reshape(1, 1, 8, 8)
    for stored in range(48, 56):
        weight = torch.full_like(depth, stored) / 255
        compared = DepthWithWeight(depth[0, 0].numpy(), weight[0, 0].numpy()).comparable
        assert (len(measured_log_error(depth, depth, weight)) == 1) == bool(compared.any())


def test_a_lost_map_is_no_frame_without_depth(tmp_path: Path) -> None:
    clip = write_grey_clip(tmp_path / "a", frames=3)
    measure(clip, scales=(1.0, 1.0, 1.0))
    (clip.folder / FOLDER / "000001.npz").unlink()
    with pytest.raises(DataError, match="missing or broken"):
        measured_truth(clip.folder)
