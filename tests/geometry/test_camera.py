import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from vection.geometry.camera import (
    backproject,
    disparity_to_depth,
    disparity_to_inverse_depth,
    flip_intrinsics,
    pixel_grid,
    project,
    resize_intrinsics,
)

few = settings(max_examples=15, deadline=None, derandomize=True)


def camera(fx: float = 60.0, fy: float = 55.0, cx: float = 11.0, cy: float = 6.5) -> torch.Tensor:
    return torch.tensor([[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]], dtype=torch.float64)


@few
@given(
    fx=st.floats(5, 500),
    fy=st.floats(5, 500),
    cx=st.floats(-20, 40),
    cy=st.floats(-20, 40),
    seed=st.integers(0, 1000),
)
def test_projecting_a_backprojected_pixel_returns_it(fx: float, fy: float, cx: float, cy: float, seed: int):
    depth = 0.1 + 100 * torch.rand(1, 1, 7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    K = camera(fx, fy, cx, cy)
    pixels = project(backproject(depth, K), K, epsilon=0.0)
    x, y = pixel_grid(7, 9, like=depth)
    torch.testing.assert_close(pixels[0, ..., 0], x.expand(7, 9), atol=1e-9, rtol=0)
    torch.testing.assert_close(pixels[0, ..., 1], y.expand(7, 9), atol=1e-9, rtol=0)


def test_backprojection_by_hand():
    depth = torch.full((1, 1, 2, 3), 2.0)
    points = backproject(depth, camera(10.0, 20.0, 1.0, 0.5).float())
    torch.testing.assert_close(points[0, :, 1, 2], torch.tensor([(2 - 1) / 10 * 2, (1 - 0.5) / 20 * 2, 2.0]))


def test_projection_by_hand_before_and_behind_the_camera():
    points = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1)
    K = camera(10.0, 20.0, 3.0, 5.0).float()
    torch.testing.assert_close(project(points, K)[0, 0, 0], torch.tensor([3 + 2.5, 5 + 10.0]))
    torch.testing.assert_close(project(-points, K)[0, 0, 0], torch.tensor([5.5, 15.0]))  # mirrored twice
    clamped = project(-points, K, minimum_depth=0.5)[0, 0, 0]
    # K p / 0.5, so the centre is multiplied by -4 / 0.5
    torch.testing.assert_close(clamped, torch.tensor([-8 * 3 - 20.0, -8 * 5 - 80.0]))
    assert torch.equal(project(points, K, minimum_depth=0.5), project(points, K, epsilon=0.0))


@few
@given(width=st.integers(2, 50), seed=st.integers(0, 1000))
def test_flipping_then_projecting_is_projecting_then_flipping(width: int, seed: int):
    points = torch.randn(1, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    points[:, 2] = points[:, 2].abs() + 0.5
    mirrored = points * torch.tensor([-1.0, 1, 1], dtype=torch.float64).view(1, 3, 1, 1)
    pixels = project(points, camera())
    expected = torch.stack([width - 1 - pixels[..., 0], pixels[..., 1]], dim=-1)
    torch.testing.assert_close(project(mirrored, flip_intrinsics(camera(), width=width)), expected)


def test_resized_intrinsics_point_at_the_same_content():
    # A ramp image holds its own x; a half-size area average holds the x of what each new pixel shows.
    height, width = 8, 12
    x, y = pixel_grid(height, width, like=torch.ones(1, dtype=torch.float64))
    ramp = torch.stack([x.expand(height, width), y.expand(height, width)])[None]
    small = functional.avg_pool2d(ramp, 2)
    points = torch.tensor([[-0.3, 0.2, 2.0], [0.1, -0.1, 1.5]], dtype=torch.float64).T.reshape(1, 3, 1, 2)
    K = camera(20.0, 24.0, 5.2, 3.4)
    before = project(points, K, epsilon=0.0)[0, 0]
    after = project(points, resize_intrinsics(K, scale_x=0.5, scale_y=0.5), epsilon=0.0)[0, 0]
    at = after / torch.tensor([width // 2 - 1, height // 2 - 1]) * 2 - 1
    shown = functional.grid_sample(small, at[None, None], align_corners=True)[0, :, 0].T
    torch.testing.assert_close(shown, before)


@few
@given(scale_x=st.floats(0.2, 4), scale_y=st.floats(0.2, 4))
def test_resizing_there_and_back_is_nothing(scale_x: float, scale_y: float):
    there = resize_intrinsics(camera(), scale_x=scale_x, scale_y=scale_y)
    torch.testing.assert_close(resize_intrinsics(there, scale_x=1 / scale_x, scale_y=1 / scale_y), camera())


def test_disparity_spans_the_depth_range():
    disparity = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3)
    depth = disparity_to_depth(disparity, min_depth=0.1, max_depth=100.0)
    torch.testing.assert_close(depth.flatten(), torch.tensor([100.0, 1 / 5.005, 0.1]))
    inverse = disparity_to_inverse_depth(disparity, min_depth=0.1, max_depth=100.0)
    torch.testing.assert_close(inverse.flatten(), torch.tensor([0.01, 5.005, 10.0]))


def test_projection_has_the_right_gradient():
    generator = torch.Generator().manual_seed(0)
    depth = (1 + torch.rand(1, 1, 2, 3, dtype=torch.float64, generator=generator)).requires_grad_()
    K = camera().requires_grad_()
    assert torch.autograd.gradcheck(lambda d, k: project(backproject(d, k), camera(50.0)), (depth, K))


def test_mismatched_batches_are_refused():
    with pytest.raises(Exception, match=r"(?i)type-check|shape|batch"):
        backproject(torch.ones(2, 1, 4, 4), camera().float().expand(3, 3, 3))
