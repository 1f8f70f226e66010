"""Block matching against images shifted by known amounts."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vection.networks.motion.matching import (
    DISPLACED,
    FINE_MOTION,
    displacement,
    match,
    match_between,
    matched_flow,
    matched_logit,
)


def texture(batch: int, *, height: int = 96, width: int = 320, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, 3, height // 8, width // 8, generator=generator)
    return functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False).clamp(0, 1)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, -2), (-12, 5), (20, 4)])
def test_a_shift_is_found_in_per_cent_of_the_width(right: int, down: int):
    image = texture(2)
    found = match(image, image.roll((down, right), dims=(2, 3)))
    assert found.shape == (2, 3, round(0.3 * FINE_MOTION.columns), FINE_MOTION.columns)
    inner = found[:, :, 4:-4, 8:-8]
    assert float(inner[:, 0].median()) == pytest.approx(100 * right / 320, abs=0.4)
    assert float(inner[:, 1].median()) == pytest.approx(100 * down / 320, abs=0.4)
    assert float(inner[:, 2].median()) > 0.85


def test_brightness_and_contrast_do_not_matter():
    image = texture(1)
    shifted = image.roll(10, dims=3)
    difference = match(image, 0.2 + 0.4 * shifted) - match(image, shifted)
    assert float(difference.abs().median()) < 0.05


def test_blank_images_have_no_displacement_and_no_correlation():
    found = match(torch.full((1, 3, 64, 96), 0.5), torch.full((1, 3, 64, 96), 0.5))
    torch.testing.assert_close(found, torch.zeros_like(found), atol=1e-4, rtol=0)


def test_any_size_and_bfloat16():
    wide, tall = torch.rand(1, 3, 32, 512), torch.rand(1, 3, 256, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert match(wide, wide).dtype == torch.float32
    for image in (wide, tall):
        found = match(image, image)
        assert found.isfinite().all()
        assert float(found[:, :2].abs().max()) <= 100 / FINE_MOTION.columns * FINE_MOTION.reach[0] + 1e-3


def test_what_moves_evenly_is_found_in_both_frames():
    """The frame before shows it as far on the other side; where it is not so, it does not count."""
    image, noise = texture(1), texture(1, seed=1)
    before, following = image.roll(-6, dims=3), image.roll(6, dims=3)
    noisy = 0.4 * following + 0.6 * noise
    both = match_between(before, image, noisy, even=torch.tensor([True]))[0, :, 6:-6, 12:-12]
    alone = match_between(before, image, noisy, even=torch.tensor([False]))
    torch.testing.assert_close(alone, match(image, noisy))
    error, error_alone = ((one[0] - 100 * 6 / 320).abs().mean() for one in (both, alone[0, :, 6:-6, 12:-12]))
    assert error < 0.5 * error_alone


def test_flow_at_unit_depth():
    K = torch.tensor([[[200.0, 0, 160], [0, 100, 48], [0, 0, 1]]])
    found = match(texture(1), texture(1).roll((5, -10), dims=(2, 3)))
    flow = matched_flow(found, K, width=320)
    assert flow.shape == (1, 3, 38, 128)
    inner = flow[0, :, 6:-6, 12:-12]
    assert float(inner[0].median()) == pytest.approx(-10 / 200, rel=0.05)
    assert float(inner[1].median()) == pytest.approx(5 / 100, rel=0.05)
    assert not inner[2].any()


def test_what_is_displaced_moves():
    matches = torch.tensor([[3.0, 4.0, 0.5], [3.0, 4.0, -0.2], [DISPLACED, 0.0, 1.0]]).view(3, 3, 1, 1)
    assert displacement(matches).flatten().tolist() == pytest.approx([2.5, 0, DISPLACED])
    logits = matched_logit(matches).flatten().tolist()
    assert logits[0] > 2
    assert logits[1] < -2
    assert logits[2] == pytest.approx(0, abs=1e-6)
