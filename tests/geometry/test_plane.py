import pytest
import torch
from torch import Tensor

from vection.geometry.camera import backproject
from vection.geometry.plane import (
    FAR_BELOW,
    draw_samples,
    find_ground,
    fit_planes,
    height_above,
    lower_points,
    plane_inverse_depth,
    ransac_plane,
)

HEIGHT, WIDTH = 32, 48
K = torch.tensor([[40.0, 0, 23.5], [0, 40.0, 11.5], [0, 0, 1]])


def street(plane: tuple[float, float, float], *, wall: float = 10.0) -> Tensor:
    """Depth of a plane below the camera that ends at a wall."""
    inverse = plane_inverse_depth(torch.tensor([plane]), K[None], height=HEIGHT, width=WIDTH, lowered=0.0)
    return 1 / inverse.clamp(min=1 / wall)


def points(*planes: tuple[float, float, float]) -> Tensor:
    depth = torch.cat([street(plane) for plane in planes])
    return backproject(depth, K.expand(len(planes), 3, 3))


def test_three_points_fix_a_plane():
    w = torch.tensor([0.1, -0.05, 1.5])
    x, z = torch.tensor([-1.0, 2.0, 0.5, 3.0, -2.0]), torch.tensor([3.0, 5.0, 9.0, 4.0, 7.0])
    samples = torch.stack([x, w[0] * x + w[1] * z + w[2], z], dim=1)[None, None]
    torch.testing.assert_close(fit_planes(samples)[0, 0], w, atol=1e-5, rtol=1e-5)
    tilted = fit_planes(samples, ridge=1e-2)[0, 0]
    assert not torch.allclose(tilted, w, atol=1e-5)


def test_points_on_a_line_fix_no_plane():
    line = torch.tensor([1.0, 1.5, 5.0]).expand(1, 1, 5, 3)
    assert fit_planes(line)[0, 0].tolist() == [0, 0, pytest.approx(FAR_BELOW)]
    inverse = plane_inverse_depth(fit_planes(line)[0], K[None], height=HEIGHT, width=WIDTH)
    assert float(inverse.max()) < 1e-5  # farther than anything: no constraint


def test_the_lower_rows_row_by_row():
    grid = torch.arange(HEIGHT * WIDTH).view(1, 1, HEIGHT, WIDTH).expand(1, 3, -1, -1).float()
    half = lower_points(grid)
    assert half.shape == (1, 3, HEIGHT // 2 * WIDTH)
    assert half[0, 0, :2].tolist() == [HEIGHT // 2 * WIDTH, HEIGHT // 2 * WIDTH + 1]
    assert lower_points(grid, share=0.4).shape[2] == int(0.4 * HEIGHT) * WIDTH
    sparse = lower_points(grid, stride=4)
    assert sparse.shape[2] == HEIGHT // 8 * WIDTH // 4
    assert torch.equal(sparse[0, 0], half[0, 0].view(-1, WIDTH)[::4, ::4].flatten())


PLANES = [(0.0, 0.0, 1.5), (0.05, 0.02, 1.2), (-0.08, -0.03, 2.0)]


def test_each_image_finds_its_own_ground_among_outliers():
    torch.manual_seed(0)
    scene = points(*PLANES)
    scene[:, 1, 24:, ::3] -= 0.7  # a third of the lower rows stands on the ground
    found = find_ground(scene)
    torch.testing.assert_close(found, torch.tensor(PLANES), atol=5e-3, rtol=0)
    # Samples of the other images do not matter.
    torch.manual_seed(0)
    alone = find_ground(scene[:1])
    torch.testing.assert_close(alone, found[:1], atol=5e-3, rtol=0)


def test_the_same_seed_finds_the_same_plane():
    scene = points(*PLANES)
    scene = scene + 0.01 * torch.randn(scene.shape, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(5)
    first = find_ground(scene, stride=2)
    torch.manual_seed(5)
    assert torch.equal(first, find_ground(scene, stride=2))


def test_the_first_of_the_best_hypotheses_wins():
    candidates = lower_points(points(PLANES[0]))
    samples = torch.randint(candidates.shape[2], (1, 4, 5), generator=torch.Generator().manual_seed(1))
    samples[0, 1:] = samples[0, 0]
    samples[0, 0] = 7  # one point five times: no plane
    found = ransac_plane(candidates, samples)
    assert found.best.tolist() == [1]
    assert found.inlier_share[0, 0] == 0
    assert torch.equal(found.plane, found.hypotheses[:, 1])
    assert draw_samples(candidates).shape == (1, 100, 5)


def test_height_and_inverse_depth_of_a_plane():
    plane = torch.tensor([[0.0, 0.0, 1.5]])
    scene = points(PLANES[0])
    torch.testing.assert_close(height_above(plane, scene)[:, :, 20:], torch.zeros(1, 1, 12, WIDTH), atol=1e-5, rtol=0)
    inverse = plane_inverse_depth(plane, K[None], height=HEIGHT, width=WIDTH, lowered=0.5)
    assert float(inverse[0, 0, 31, 0]) == pytest.approx((31 - 11.5) / 40 / 2.0)
    assert float(inverse[0, 0, 0, 0]) < 0  # above the horizon


def test_the_bonnet_is_no_ground():
    torch.manual_seed(0)
    ground = (0.0, 0.0, 1.5)
    scene = points(ground)
    usable = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 20:] = False
    bonnet = torch.where(usable, scene, points((0.0, 0.1, 0.4)))
    assert float(find_ground(bonnet)[0, 2]) == pytest.approx(0.4, abs=0.01)
    torch.testing.assert_close(find_ground(bonnet, usable=usable)[0], torch.tensor(ground), atol=0.01, rtol=0)
    nothing = find_ground(bonnet, usable=torch.zeros_like(usable))
    assert nothing.isfinite().all()
