import numpy as np
import pytest

from vection.errors import UsageError
from vection.inference.colour import (
    ColourRange,
    colour_depth,
    colour_range,
    overlay_mask,
    sample_inverse_depth,
    with_legend,
)


def test_near_is_bright_far_is_dark_and_none_is_black():
    depth = np.array([[1.0, 2.0, 10.0, 100.0, 0.0, np.nan]], np.float32)
    colours = colour_depth(depth, ColourRange(near=1.0, far=10.0))[0].astype(int)
    brightness = colours.sum(axis=1)
    assert brightness[0] > brightness[1] > brightness[2]
    assert colours[3].tolist() == colours[2].tolist()  # beyond the range
    assert colours[4].tolist() == colours[5].tolist() == [0, 0, 0]


def test_one_range_gives_one_colour_to_one_depth():
    limits = ColourRange(near=1.0, far=10.0)
    alone = colour_depth(np.full((2, 2), 4, np.float32), limits)[0, 0]
    among = colour_depth(np.array([[1, 4, 9]], np.float32), limits)[0, 1]
    np.testing.assert_array_equal(alone, among)


@pytest.mark.parametrize("colours", ["magma", "turbo", "Spectral_r"])
def test_colour_maps(colours):
    assert colour_depth(np.ones((2, 3), np.float32), ColourRange(1.0, 2.0), colours=colours).dtype == np.uint8


def test_range_is_robust_to_wild_pixels():
    inverse = np.linspace(0.1, 1, 1000)
    inverse[0], inverse[-1] = 1e-6, 1e6
    limits = colour_range([inverse[:500], inverse[500:]])
    assert limits.near == pytest.approx(1 / 0.973, rel=0.01)
    assert limits.far == pytest.approx(1 / 0.118, rel=0.02)


def test_range_of_nothing_or_of_one_depth_is_usable():
    assert colour_range([]).far > colour_range([]).near > 0
    flat = colour_range([np.full(100, 0.2)])
    assert flat.near < 5 < flat.far


def test_sampling_leaves_out_what_is_no_depth():
    depth = np.full((100, 200), 4, np.float32)
    depth[:50] = 0
    depth[50:60] = np.inf
    samples = sample_inverse_depth(depth)
    assert 300 < len(samples) < 2000
    np.testing.assert_array_equal(samples, 0.25)


def test_legend_is_drawn_on_a_copy():
    image = np.full((60, 200, 3), 90, np.uint8)
    assert (with_legend(image, "near") != 90).any()
    assert (image == 90).all()


def test_unknown_map():
    with pytest.raises(Exception, match=r"no colour map|type"):
        colour_depth(np.ones((2, 2), np.float32), ColourRange(1.0, 2.0), colours="jett")
    assert issubclass(UsageError, Exception)


def test_a_mask_reddens_what_it_marks():
    image = np.full((4, 6, 3), (0, 200, 0), np.uint8)
    mask = np.zeros((4, 6), np.float32)
    mask[1, 2] = 1
    drawn = overlay_mask(image, mask)
    assert len(set(drawn[0, 0].tolist())) == 1  # grey
    assert drawn[1, 2, 0] > drawn[1, 2, 1] + 100
