import pytest
import torch
from torch import Tensor

from vection.geometry.rigid import transform_from_axis_angle
from vection.geometry.views import Views
from vection.geometry.warp import NEAREST_POINT, correspond, sample, warp, warp_with_depth

HEIGHT, WIDTH = 6, 9


def camera(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor([[[10.0, 0, 4], [0, 11.0, 2.5], [0, 0, 1]]], dtype=dtype)


def moved(x: float, y: float = 0.0, z: float = 0.0) -> Tensor:
    return transform_from_axis_angle(torch.zeros(1, 3), torch.tensor([[x, y, z]], dtype=torch.float32))


def at(*positions: tuple[float, float]) -> Tensor:
    return torch.tensor(positions).view(1, 1, -1, 2)


@pytest.fixture
def image() -> Tensor:
    return torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))


def test_warping_by_the_identity_changes_nothing_even_at_the_borders(image: Tensor):
    depth = 1 + 30 * torch.rand(1, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    warped = warp(image, depth, moved(0), intrinsics=camera(), source_intrinsics=camera())
    torch.testing.assert_close(warped, image, atol=2e-6, rtol=0)
    zeros = warp(image, depth, moved(0), intrinsics=camera(), source_intrinsics=camera(), padding="zeros")
    torch.testing.assert_close(zeros, image, atol=2e-6, rtol=0)


def test_sampling_at_the_grid_is_exact(image: Tensor):
    x, y = torch.meshgrid(torch.arange(WIDTH), torch.arange(HEIGHT), indexing="xy")
    pixels = torch.stack([x, y], dim=-1)[None].float()
    torch.testing.assert_close(sample(image, pixels), image, atol=1e-6, rtol=0)
    assert torch.equal(sample(image, pixels, nearest=True), image)


def test_a_sideways_step_moves_pixels_by_the_parallax(image: Tensor):
    # fx t / z = 10 * 0.4 / 2 = 2 pixels
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    warped = warp(image, depth, moved(0.4), intrinsics=camera(), source_intrinsics=camera())
    torch.testing.assert_close(warped[..., :-2], image[..., 2:], atol=1e-5, rtol=0)
    torch.testing.assert_close(warped[..., -2:], image[..., -1:].expand(1, 3, HEIGHT, 2), atol=1e-5, rtol=0)
    zeros = warp(image, depth, moved(0.4), intrinsics=camera(), source_intrinsics=camera(), padding="zeros")
    assert float(zeros[..., -1].abs().max()) < 1e-4


def test_the_source_camera_may_differ(image: Tensor):
    other = camera().clone()
    other[:, 0, 2] += 1
    warped = warp(image, torch.ones(1, 1, HEIGHT, WIDTH), moved(0), intrinsics=camera(), source_intrinsics=other)
    torch.testing.assert_close(warped[..., :-1], image[..., 1:], atol=1e-5, rtol=0)


def test_padding_and_nearest_by_hand():
    ramp = torch.arange(1.0, 5.0).view(1, 1, 1, 4).expand(1, 1, 2, 4)
    pixels = at((0.25, 0.0), (-0.5, 0.0), (3.5, 0.0), (-4.0, 0.0), (0.75, 0.0))
    torch.testing.assert_close(sample(ramp, pixels).flatten(), torch.tensor([1.25, 1, 4, 1, 1.75]))
    zeros = sample(ramp, pixels, padding="zeros").flatten()
    torch.testing.assert_close(zeros, torch.tensor([1.25, 0.5, 2.0, 0, 1.75]))
    torch.testing.assert_close(sample(ramp, pixels, nearest=True).flatten(), torch.tensor([1.0, 1, 4, 1, 2]))


def test_inside_image_ends_at_the_outermost_pixel_centres():
    depth = torch.ones(1, 1, HEIGHT, WIDTH)
    still = correspond(depth, moved(0), intrinsics=camera(), source_intrinsics=camera())
    assert still.inside_image(HEIGHT + 1, WIDTH + 1)[..., 1:, 1:].all()
    right = correspond(depth, moved(0.25), intrinsics=camera(), source_intrinsics=camera())  # 2.5 pixels
    inside = right.inside_image(HEIGHT + 1, WIDTH)[0, 0, 1]
    assert inside.tolist() == [True] * (WIDTH - 3) + [False] * 3


def test_depth_in_the_source_is_negative_behind_it():
    found = correspond(torch.ones(1, 1, 2, 2), moved(0, 0, -3), intrinsics=camera(), source_intrinsics=camera())
    torch.testing.assert_close(found.depth, torch.full((1, 1, 2, 2), -2.0))


def test_warp_has_the_right_gradient():
    # Moderate parallax, so that no position comes near a pixel centre, where bilinear sampling has a kink.
    double = torch.float64
    generator = torch.Generator().manual_seed(3)
    source = torch.rand(1, 2, 4, 5, dtype=double, generator=generator).requires_grad_()
    depth = (2 + 0.1 * torch.rand(1, 1, 4, 5, dtype=double, generator=generator)).requires_grad_()
    axis_angle = torch.tensor([[1e-3, 2e-3, -1e-3]], dtype=double, requires_grad=True)
    translation = torch.tensor([[0.07, 0.09, 0.01]], dtype=double, requires_grad=True)

    def compute(source: Tensor, depth: Tensor, axis_angle: Tensor, translation: Tensor) -> Tensor:
        T = transform_from_axis_angle(axis_angle, translation)
        return warp(source, depth, T, intrinsics=camera(double), source_intrinsics=camera(double), padding="zeros")

    assert torch.autograd.gradcheck(compute, (source, depth, axis_angle, translation))


def test_autocast_leaves_the_warp_in_float32(image: Tensor):
    depth = 5 + 90 * torch.rand(1, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2))
    T = transform_from_axis_angle(torch.tensor([[0.01, 0.02, 0.03]]), torch.tensor([[0.5, 0.1, 1.0]]))
    plain = warp(image, depth, T, intrinsics=camera(), source_intrinsics=camera())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = warp(image, depth, T, intrinsics=camera(), source_intrinsics=camera())
    assert cast.dtype == torch.float32
    assert torch.equal(cast, plain)


def two_sources() -> Views:
    generator = torch.Generator().manual_seed(4)
    K = camera().expand(2, 3, 3)
    target = torch.rand(2, 3, 8, 12, generator=generator)
    sources = torch.rand(2, 2, 3, 8, 12, generator=generator)
    return Views(target, sources, K, torch.stack([K, 1.1 * K], dim=1))


def test_synthesis_treats_every_source_of_every_sample_by_itself():
    views = two_sources()
    generator = torch.Generator().manual_seed(5)
    depth = 1 + torch.rand(2, 1, 8, 12, generator=generator)
    transforms = transform_from_axis_angle(
        0.1 * torch.randn(4, 3, generator=generator), 0.1 * torch.randn(4, 3, generator=generator)
    ).view(2, 2, 4, 4)
    together = views.synthesise(depth, transforms)
    for b in range(2):
        for s in range(2):
            alone = warp(
                views.sources[b : b + 1, s],
                depth[b : b + 1],
                transforms[b : b + 1, s],
                intrinsics=views.intrinsics[b : b + 1],
                source_intrinsics=views.source_intrinsics[b : b + 1, s],
            )
            torch.testing.assert_close(together[b, s], alone[0])


def test_a_pyramid_halves_images_and_cameras():
    levels = two_sources().pyramid(3)
    assert [tuple(level.sources.shape) for level in levels] == [(2, 2, 3, 8 >> s, 12 >> s) for s in range(3)]
    torch.testing.assert_close(levels[1].target[..., 0, 0], levels[0].target[..., :2, :2].mean(dim=(2, 3)))
    torch.testing.assert_close(levels[2].intrinsics[0, 0, 2], torch.tensor((4 + 0.5) / 4 - 0.5))
    torch.testing.assert_close(levels[2].intrinsics[0, 0, 0], torch.tensor(2.5))
    torch.testing.assert_close(levels[1].source_intrinsics[0, 1, 1, 1], torch.tensor(11 * 1.1 / 2))


@pytest.mark.parametrize("padding", ["border", "zeros"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_positions_that_are_no_numbers_do_not_crash(image: Tensor, padding: str, value: float):
    source = image.clone().requires_grad_()
    pixels = torch.full((1, HEIGHT, WIDTH, 2), value, requires_grad=True)
    sampled = sample(source, pixels, padding=padding)  # type: ignore[arg-type]
    sampled.sum().backward()
    assert sampled.isfinite().all()
    assert source.grad is not None
    assert source.grad.isfinite().all()


def test_blank_is_zero_outside_and_blends_nothing():
    ramp = torch.arange(1.0, 5.0).view(1, 1, 1, 4).expand(1, 1, 2, 4)
    pixels = at((0.25, 0.0), (-0.5, 0.0), (3.0, 1.0), (3.5, 0.0), (2.0, -0.1)).requires_grad_()
    blank = sample(ramp, pixels, padding="blank")
    torch.testing.assert_close(blank.flatten(), torch.tensor([1.25, 0, 4, 0, 0]))
    blank.sum().backward()
    assert pixels.grad is not None
    assert float(pixels.grad[0, 0, 0, 0]) == 1
    assert float(pixels.grad[0, 0, [1, 3, 4]].abs().sum()) == 0


def test_the_released_sampling_is_stretched_by_half_a_pixel_at_the_border():
    ramp = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 2, 4)
    pixels = at((0.0, 0.5), (1.5, 0.5), (3.0, 0.5))
    # a position x is read at (x / (W - 1)) W - 1/2: -0.5, 1.5, 3.5
    read = sample(ramp, pixels, padding="border", align_corners=False)
    torch.testing.assert_close(read.flatten(), torch.tensor([0, 1.5, 3.0]))
    # and the last column of a white image is half black, as is the first
    half = sample(torch.ones(1, 1, 2, 4), pixels, padding="zeros", align_corners=False)
    torch.testing.assert_close(half.flatten(), torch.tensor([0.5, 1.0, 0.5]))


def test_two_opinions_about_the_depth(image: Tensor):
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    depth[..., 0, 0] = 0.4  # comes to lie behind the source camera, which is half a unit ahead
    source_depth = torch.full((1, 1, HEIGHT, WIDTH), 3.0)
    seen = warp_with_depth(
        image, source_depth, depth, moved(0, 0, -0.5), intrinsics=camera(), source_intrinsics=camera()
    )
    assert seen.image.shape == image.shape
    torch.testing.assert_close(seen.computed_depth[..., 1:, :], torch.full((1, 1, HEIGHT - 1, WIDTH), 1.5))
    assert float(seen.computed_depth[0, 0, 0, 0]) == pytest.approx(NEAREST_POINT)
    inside = seen.inside_image
    assert inside[0, 0, 2, 4]
    assert not inside[0, 0, 0, 8]
    torch.testing.assert_close(seen.sampled_depth, 3.0 * inside)
    assert float(seen.image[~inside.expand_as(image)].abs().max()) == 0
    plain = warp(image, depth, moved(0, 0, -0.5), intrinsics=camera(), source_intrinsics=camera())
    torch.testing.assert_close(seen.image[..., 2, 4], plain[..., 2, 4])


def test_sampled_depth_may_have_a_least_value(image: Tensor):
    depth = torch.ones(1, 1, HEIGHT, WIDTH)
    seen = warp_with_depth(
        image, depth, depth, moved(5), intrinsics=camera(), source_intrinsics=camera(), minimum_sampled_depth=0.25
    )
    assert not seen.inside_image.any()
    assert float(seen.sampled_depth.min()) == float(seen.sampled_depth.max()) == 0.25
