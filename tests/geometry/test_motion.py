import pytest
import torch
from torch import Tensor

from vection.geometry.distortion import distort, undistort
from vection.geometry.motion import clamp_to_image, move
from vection.geometry.pairs import Pairs, both_ways, by_sample, exchanged, halve_intrinsics
from vection.geometry.rigid import euler_from_rotation, make_transform, rotation_from_euler
from vection.geometry.warp import correspond

HEIGHT, WIDTH = 12, 16
K = torch.tensor([[[14.0, 0, 7.5], [0, 13.0, 5.5], [0, 0, 1]]])


def still(*, depth: float = 4.0) -> tuple[Tensor, Tensor, Tensor]:
    return torch.full((1, 1, HEIGHT, WIDTH), depth), torch.eye(3)[None], torch.zeros(1, 3, HEIGHT, WIDTH)


def test_without_motion_pixels_stay():
    depth, R, T = still()
    moved = move(depth, R, T, intrinsics=K, second_intrinsics=K)
    x, y = torch.arange(WIDTH).float(), torch.arange(HEIGHT).float()
    torch.testing.assert_close(moved.pixels[0, ..., 0], x.expand(HEIGHT, WIDTH), atol=1e-5, rtol=0)
    torch.testing.assert_close(moved.pixels[0, ..., 1], y[:, None].expand(HEIGHT, WIDTH), atol=1e-5, rtol=0)
    assert torch.equal(moved.depth, depth)


def test_a_constant_translation_is_a_rigid_transform():
    depth, _, T = still()
    R, t = rotation_from_euler(torch.tensor([[0.02, -0.03, 0.01]])), torch.tensor([[0.1, 0.0, -0.3]])
    moved = move(depth, R, T + t[:, :, None, None], intrinsics=K, second_intrinsics=K)
    rigid = correspond(depth, make_transform(R, t), intrinsics=K, source_intrinsics=K)
    torch.testing.assert_close(moved.depth, rigid.depth)
    expected = clamp_to_image(rigid.pixels, height=HEIGHT, width=WIDTH)
    torch.testing.assert_close(moved.pixels, expected, atol=1e-5, rtol=1e-5)


def test_each_pixel_moves_by_its_own_translation():
    depth, R, T = still()
    T[0, 0, 3, 5] = 2 * 4.0 / 14.0  # two pixels to the right at depth 4 and focal length 14
    T[0, 2, 6, 6] = -5.0
    moved = move(depth, R, T, intrinsics=K, second_intrinsics=K)
    assert float(moved.pixels[0, 3, 5, 0]) == pytest.approx(7.0, abs=1e-5)
    assert float(moved.pixels[0, 3, 6, 0]) == pytest.approx(6.0, abs=1e-5)
    assert float(moved.depth[0, 0, 6, 6]) == -1
    assert not moved.valid[0, 0, 6, 6]


def test_positions_beyond_the_last_pixels_and_nan_are_not_valid():
    depth, R, T = still()
    T[0, 0] = 4.0 / 14.0  # one pixel to the right
    T[0, 1, 2, 2] = torch.nan
    valid = move(depth, R, T, intrinsics=K, second_intrinsics=K).valid[0, 0]
    assert not valid[:, -2:].any()
    assert not valid[2, 2]
    assert valid[3, 2]


def test_clamping_stops_the_gradient_outside_the_image():
    pixels = torch.tensor([[[[-1.0, 2.0], [3.5, 20.0], [4.0, 4.5]]]], requires_grad=True)
    for held, expected in ((False, [[0, 1], [1, 0], [1, 1]]), (True, [[0, 0], [1, 0], [0, 1]])):
        clamped = clamp_to_image(pixels, height=HEIGHT, width=WIDTH, slope_at_centres=not held)
        assert clamped.tolist() == [[[[0.0, 2.0], [3.5, 11.0], [4.0, 4.5]]]]
        (gradient,) = torch.autograd.grad(clamped.sum(), pixels)
        assert gradient[0, 0].tolist() == expected


def test_undistorting_is_the_inverse_of_distorting():
    generator = torch.Generator().manual_seed(0)
    rays = torch.rand(2, 3, 4, 5, generator=generator, dtype=torch.float64) - 0.5
    rays[:, 2] = 1
    strength = torch.tensor(0.2, dtype=torch.float64)
    seen = distort(rays, strength)
    assert not torch.allclose(seen, rays)
    torch.testing.assert_close(undistort(seen, strength), rays, atol=1e-9, rtol=0)


def test_euler_angles_there_and_back():
    angles = torch.tensor([[0.3, -0.2, 0.1], [-1.5, 1.4, 3.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(euler_from_rotation(rotation_from_euler(angles)), angles, atol=1e-5, rtol=1e-5)


def pairs(*, usable: Tensor | None = None) -> Pairs:
    depth, R, T = still()
    depth = both_ways(depth, 2 * depth)
    image = torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    two = torch.cat([K, K])
    return Pairs(image, depth, two, torch.cat([R, R]), torch.zeros(2, 3), torch.cat([T, T]), usable)


def test_rows_of_the_other_direction():
    rows = torch.tensor([1, 2, 3, 4])
    assert exchanged(rows).tolist() == [3, 4, 1, 2]
    # two samples with three sources each
    forth, back = torch.arange(6), 10 + torch.arange(6)
    assert by_sample(both_ways(forth, back), 2).tolist() == [0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15]


def test_unusable_pixels_of_either_frame_are_left_out():
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[0, 0, 2, 3] = usable[1, 0, 4, 5] = False
    both = pairs(usable=usable)
    found = both.usable_in_both(both.moved())
    assert found is not None
    assert (~found).nonzero().tolist() == [[0, 0, 2, 3], [0, 0, 4, 5], [1, 0, 2, 3], [1, 0, 4, 5]]


def test_half_the_size():
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[0, 0, 2, 3] = False
    half = pairs(usable=usable).halved()
    assert half.image.shape == (2, 3, HEIGHT // 2, WIDTH // 2)
    assert half.usable is not None
    assert (~half.usable).nonzero().tolist() == [[0, 0, 1, 1]]
    assert half.intrinsics[0].tolist() == [[7, 0, 3.5], [0, 6.5, 2.5], [0, 0, 1]]
    assert halve_intrinsics(K, exact_centres=False)[0].tolist() == [[7, 0, 3.75], [0, 6.5, 2.75], [0, 0, 1]]


def test_in_units_of_the_mean_depth():
    scaled = pairs().in_mean_depths()
    assert float(scaled.depth.mean()) == pytest.approx(1)
    assert torch.equal(scaled.intrinsics, torch.cat([K, K]))
