from dataclasses import replace

import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, measured_geometry, smooth_images

from vection.geometry.flow import optical_flow
from vection.geometry.views import Views
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.methods.steps.multi_scale import Comparison
from vection.methods.steps.observation import (
    EARLIER,
    LATER,
    OTHER_CAMERA,
    next_source,
    observe,
    reprojection_pictures,
    winning_source,
)
from vection.samples import Batch

COMPARISON = Comparison("minimum", "still", "full-resolution", 0.85, 0.1, 100.0, tie_break_noise=1e-5)
SHIFT = 4
"""Pixels that the world moves to the left until the next frame."""


def moving_world(*, sources: tuple[int, ...] = (-1, 1), broken: int = 0) -> tuple[Batch, torch.Tensor, torch.Tensor]:
    """A batch of a wall passing by, with the disparity and the transforms that explain it; source `broken` is noise."""
    wide = torch.nn.functional.interpolate(smooth_images(2), size=(HEIGHT, 2 * WIDTH), mode="bilinear")
    wide = wide + 0.2 * torch.rand(wide.shape, generator=torch.Generator().manual_seed(3))
    place = WIDTH // 2

    def seen(time: int) -> torch.Tensor:
        return wide[..., place + SHIFT * time : place + SHIFT * time + WIDTH]

    views = torch.stack([seen(time) for time in sources], dim=1)
    views[:, broken] = torch.rand(views[:, broken].shape, generator=torch.Generator().manual_seed(4))
    batch = batch_of(seen(0), views, camera(2), seconds=0.1 * torch.tensor([sources], dtype=torch.float32).repeat(2, 1))
    depth = 5.0
    transforms = torch.eye(4).repeat(2, len(sources), 1, 1)
    transforms[:, :, 0, 3] = -SHIFT * depth / 56 * torch.tensor(sources, dtype=torch.float32)
    disparity = torch.full((2, 1, HEIGHT, WIDTH), (1 / depth - 1 / 100) / (1 / 0.1 - 1 / 100))
    return batch, disparity, transforms


def pictures_of(batch: Batch, disparity: torch.Tensor, transforms: torch.Tensor) -> dict[str, torch.Tensor]:
    views = Views(batch.target, batch.sources, batch.intrinsics, batch.source_intrinsics)
    return reprojection_pictures(disparity, transforms, views, batch, comparison=COMPARISON)


INNER = (..., slice(4, -4), slice(12, -12))


def test_the_source_that_shows_the_target_wins_and_the_flow_is_that_of_the_world():
    for broken, winner in ((0, LATER), (1, EARLIER)):
        pictures = pictures_of(*moving_world(broken=broken))
        assert (pictures["source"][INNER] == winner).all()
        assert (pictures["auto-mask"][INNER] == 1).all()
        assert float(pictures["photometric-error"][INNER].max()) < 1e-4
        torch.testing.assert_close(pictures["depth"], torch.full_like(pictures["depth"], 5.0))
        flow = pictures["rigid-flow"]
        torch.testing.assert_close(flow[:, 0], torch.full_like(flow[:, 0], -SHIFT), atol=1e-3, rtol=0)
        torch.testing.assert_close(flow[:, 1], torch.zeros_like(flow[:, 1]), atol=1e-3, rtol=0)


def test_the_target_is_synthesised_from_the_next_frame():
    batch, disparity, transforms = moving_world(broken=0)
    shown = pictures_of(batch, disparity, transforms)["synthesised-target"]
    torch.testing.assert_close(shown[INNER], batch.target[INNER], atol=1e-4, rtol=0)


def test_what_stands_still_takes_no_part_and_has_no_source():
    batch, disparity, transforms = moving_world()
    still = batch_of(batch.target, batch.target[:, None].repeat(1, 2, 1, 1, 1), camera(2), seconds=batch.seconds)
    pictures = pictures_of(still, disparity, transforms)
    assert not pictures["auto-mask"].any()
    assert not pictures["source"].any()


def test_which_source_wins_is_told_by_its_time_and_the_other_camera_comes_last():
    errors = torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    seconds = torch.tensor([[-0.1, 0.1]])
    batch = batch_of(smooth_images(1), smooth_images(2)[None], camera(1), seconds=seconds)
    assert winning_source(errors, batch).unique().tolist() == [EARLIER]
    assert winning_source(errors.flip(1), batch).unique().tolist() == [OTHER_CAMERA]
    assert winning_source(errors[:, :1], batch, temporal=False).unique().tolist() == [OTHER_CAMERA]
    selected = torch.tensor([[True, False], [False, True]])[None, None]
    assert winning_source(errors[:, [1, 0]], batch, selected=selected)[0, 0].tolist() == [[LATER, 0], [0, LATER]]


def test_the_next_source_is_the_nearest_that_comes_after():
    for seconds, expected in (([-0.1, 0.1], 1), ([0.3, -0.1, 0.1], 2), ([-0.2, -0.1], 1), ([0.1], 0)):
        sources = smooth_images(len(seconds))[None]
        assert next_source(batch_of(sources[:, 0], sources, camera(1), seconds=torch.tensor([seconds]))) == expected


def test_flow_is_unknown_behind_the_camera():
    points = torch.tensor([1.0, 0.0, -2.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert optical_flow(points, camera(1)).isnan().all()


def test_measured_depth_is_shown_in_the_predicted_scale_with_the_error_against_it():
    method = Monodepth2(Monodepth2Settings(pretrained=False)).eval()
    batch, _, _ = moving_world()
    assert "measured-depth" not in observe(method, batch).pictures
    measured = measured_geometry(2, 2)
    measured.depth[:] = 3 * method.predict_depth(batch.target).detach()
    measured.depth[:, :, :10] *= 2
    measured.weight[:, :, -5:] = 0
    pictures = observe(method, replace(batch, measured=measured)).pictures
    error, depth = pictures["measured-error"], pictures["depth"]
    assert error[:, :, -5:].isnan().all()
    torch.testing.assert_close(error[:, :, :10], torch.full_like(error[:, :, :10], 0.5))
    assert float(error[:, :, 10:-5].abs().max()) < 1e-4
    shown = pictures["measured-depth"]
    torch.testing.assert_close(shown[:, :, 10:-5], depth[:, :, 10:-5])
    assert not shown[:, :, -5:].any()
