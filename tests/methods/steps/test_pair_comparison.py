"""Hand values, and the truth: on a made-up street with known depth and motion both losses are least there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from vection.data.synthetic import render_drive, still_street
from vection.geometry.rigid import transform_from_axis_angle
from vection.methods.sc_sfmlearner_settings import AS_RELEASED, ScSfmLearnerSettings
from vection.methods.steps.pair_comparison import Comparison, DepthView, PairMaps, compare, losses_of_pairs

PAPER = ScSfmLearnerSettings().comparison
LATER = ScSfmLearnerSettings(released=AS_RELEASED).comparison
HEIGHT, WIDTH = 64, 192


class Scene:
    """Two frames of a drive with their true depths and motion."""

    def __init__(self) -> None:
        frames = list(render_drive(still_street(width=WIDTH, height=HEIGHT, frames=2), seed=5))
        self.images = [torch.from_numpy(frame.image).permute(2, 0, 1)[None] / 255 for frame in frames]
        self.K = torch.from_numpy(frames[0].intrinsics).float()[None]
        self.depths = [
            torch.from_numpy(np.where(np.isfinite(frame.depth), frame.depth, 1e4)).float()[None, None]
            for frame in frames
        ]
        T = np.linalg.inv(frames[1].T_camera_to_world) @ frames[0].T_camera_to_world
        self.T_first_to_second = torch.from_numpy(T).float()[None]

    def compare(
        self, comparison: Comparison, *, factor: float = 1.0, other_factor: float = 1.0, change: Tensor | None = None
    ) -> PairMaps:
        views = [
            DepthView(comparison.normalise(image), scale * depth, self.K)
            for image, depth, scale in zip(self.images, self.depths, (factor, other_factor), strict=True)
        ]
        T = self.T_first_to_second if change is None else change @ self.T_first_to_second
        return compare(views[0], views[1], T, comparison=comparison)

    def losses(self, comparison: Comparison, **changes: float | Tensor) -> tuple[float, float]:
        maps = self.compare(comparison, **changes)  # type: ignore[arg-type]
        photometric, geometry = losses_of_pairs(maps, pairs=1, comparison=comparison)
        return float(photometric), float(geometry)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize(
    "comparison", [PAPER, replace(LATER, least_elements=0, auto_mask=False)], ids=["paper", "released"]
)
@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_both_losses_are_least_at_the_true_depth(scene: Scene, comparison: Comparison, factor: float):
    photometric, geometry = scene.losses(comparison)
    other_photometric, other_geometry = scene.losses(comparison, factor=factor, other_factor=factor)
    assert other_photometric > 1.02 * photometric
    assert other_geometry > geometry


def test_geometry_consistency_sees_that_the_scales_differ(scene: Scene):
    _, geometry = scene.losses(PAPER)
    assert geometry < 0.03
    for factor in (0.8, 1.25):  # |1 - f| / (1 + f) = 0.111
        _, inconsistent = scene.losses(PAPER, other_factor=factor)
        assert inconsistent == pytest.approx(0.111, abs=0.03)


def test_geometry_consistency_needs_the_true_step(scene: Scene):
    change = transform_from_axis_angle(torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 0.5]]))
    photometric, geometry = scene.losses(PAPER)
    other_photometric, other_geometry = scene.losses(PAPER, change=change)
    assert other_photometric > 1.02 * photometric
    assert other_geometry > 1.5 * geometry


def test_the_mask_weights_by_the_agreement(scene: Scene):
    plain = scene.compare(replace(PAPER, self_discovered_mask=False), other_factor=1.25)
    weighted = scene.compare(PAPER, other_factor=1.25)
    torch.testing.assert_close(weighted.error, (1 - plain.inconsistency) * plain.error)


def test_auto_mask_counts_only_what_the_motion_explains_better(scene: Scene):
    auto = replace(PAPER, auto_mask=True)
    right, every = scene.compare(auto).counted, scene.compare(PAPER).counted
    assert not (right & ~every).any()
    back = torch.linalg.inv(scene.T_first_to_second)
    wrong = scene.compare(auto, change=back @ back).counted  # the motion turned round
    assert 0.5 < float(right.sum() / every.sum()) < 1
    assert float(wrong.sum()) < 0.8 * float(right.sum())


def test_unusable_pixels_do_not_count(scene: Scene):
    maps = scene.compare(PAPER)
    usable = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[..., 40:, :] = False
    changed = replace(maps, error=maps.error + 100 * ~usable, inconsistency=maps.inconsistency + 100 * ~usable)
    losses = losses_of_pairs(maps, pairs=1, comparison=PAPER, usable=usable)
    torch.testing.assert_close(losses_of_pairs(changed, pairs=1, comparison=PAPER, usable=usable), losses)
    assert float(losses_of_pairs(changed, pairs=1, comparison=PAPER)[0]) > 10


def test_the_released_threshold_counts_channels(scene: Scene):
    count = 4000
    counted = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    counted.view(-1)[:count] = True
    ones = torch.ones(1, 1, HEIGHT, WIDTH)
    seen = scene.compare(PAPER).seen
    photometric, geometry = losses_of_pairs(PairMaps(seen, ones, ones, counted), pairs=1, comparison=LATER)
    assert (float(photometric), float(geometry)) == (1.0, 0.0)  # 12000 and 4000 elements; 10000 are too few


def test_losses_are_of_each_pair_over_the_batch(scene: Scene):
    generator = torch.Generator().manual_seed(0)
    error = torch.rand(6, 1, 4, 5, generator=generator)
    counted = torch.rand(6, 1, 4, 5, generator=generator) > 0.4
    seen = scene.compare(PAPER).seen
    photometric, _ = losses_of_pairs(PairMaps(seen, error, error, counted), pairs=3, comparison=PAPER)
    for pair in range(3):
        rows = [pair, 3 + pair]  # two samples
        torch.testing.assert_close(photometric[pair], error[rows][counted[rows]].mean())


def test_normalised_images_are_restored():
    image = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    for comparison in (PAPER, LATER):
        torch.testing.assert_close(comparison.restore(comparison.normalise(image)), image)
    assert float(PAPER.normalise(torch.ones(1, 3, 1, 1)).max()) == 1
