import colorsys

import numpy as np
import pytest

from vection.inference.colour import CLASS_COLOURS, ColourRange, colour_classes, colour_flow, colour_vectors
from vection.inference.pictures import (
    SOURCE_COLOURS,
    TILE_WIDTHS,
    choose_scale,
    draw,
    draw_batch,
    legend,
    scale_key,
    scale_samples,
    sheet,
)
from vection.losses.segmentation import CITYSCAPES_CLASS_WEIGHTS
from vection.methods.pictures import PICTURES

HUES = {(1, 0): 0.0, (0, 1): 55.0, (-1, 0): 194.0, (0, -1): 263.0}
"""Hue in degrees of flow to the right, down, to the left and up, on the wheel of Baker et al., to 3 degrees."""


@pytest.mark.parametrize("direction", HUES)
def test_flow_has_the_hue_of_its_direction_and_more_colour_the_faster_it_is(direction: tuple[int, int]):
    flow = np.array([[direction, np.multiply(direction, 0.5), np.multiply(direction, 9)]], np.float32)
    full, half, faster = colour_flow(flow, fastest=1.0)[0]
    hue, saturation, _ = colorsys.rgb_to_hsv(*(full / 255))
    assert abs((360 * hue - HUES[direction] + 180) % 360 - 180) < 3
    assert saturation == 1
    assert colorsys.rgb_to_hsv(*(half / 255))[1] == pytest.approx(0.5, abs=0.01)
    assert faster.tolist() == full.tolist()


def test_still_flow_is_white_and_unknown_flow_grey():
    flow = np.array([[[0, 0], [np.nan, 1], [np.inf, 0]]], np.float32)
    assert colour_flow(flow, fastest=2.0)[0].tolist() == [[255] * 3, [128] * 3, [128] * 3]


def test_flow_turns_through_all_hues_in_order():
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)[None].astype(np.float32)
    hues = np.array([colorsys.rgb_to_hsv(*(colour / 255))[0] for colour in colour_flow(circle, fastest=1.0)[0]])
    assert (np.diff(hues) > -1e-6).all()
    assert hues[-1] > 0.98


def test_classes_have_cityscapes_colours_in_the_order_of_their_ids():
    assert len(CLASS_COLOURS) == len(CITYSCAPES_CLASS_WEIGHTS)
    drawn = colour_classes(np.array([[0, 10, 13, 18, 19, 255]], np.uint8))[0]
    names = ("road", "sky", "car", "bicycle")
    assert [tuple(colour) for colour in drawn.tolist()] == [*(CLASS_COLOURS[name] for name in names), *[(0, 0, 0)] * 2]


def test_vectors_are_grey_where_there_is_none_and_red_to_the_right():
    vectors = np.array([[[0, 0, 0], [1, 0, 0], [0, -1, 0], [0, 0, 5]]], np.float32)
    expected = [[128, 128, 128], [255, 128, 128], [128, 0, 128], [128, 128, 255]]
    assert colour_vectors(vectors, longest=1.0)[0].tolist() == expected


def test_every_picture_can_be_drawn_with_the_scale_of_its_own_numbers():
    channels = {"image": 3, "vectors": 3, "flow": 2}
    generator = np.random.default_rng(0)
    batch = {}
    for name, kind in PICTURES.items():
        values = generator.random((2, channels.get(kind.drawing, 1), 12, 20)).astype(np.float32)
        batch[name] = np.round(3 * values) if kind.drawing in ("source", "classes") else values
    drawn = draw_batch(batch)
    for name, (words, images) in drawn.items():
        assert [image.shape for image in images] == [(12, 20, 3)] * 2, name
        assert all(image.dtype == np.uint8 and image.std() > 0 for image in images), name
        assert words or PICTURES[name].drawing == "image", name


def test_flows_share_a_scale_so_that_they_can_be_compared():
    slow, fast = (np.full((1, 2, 8, 8), length, np.float32) for length in (0.1, 10.0))
    drawn = draw_batch({"independent-flow": slow, "rigid-flow": fast})
    assert drawn["independent-flow"][0] == drawn["rigid-flow"][0]
    assert drawn["independent-flow"][1][0].min() > 245  # nearly white beside the flow of the camera
    assert drawn["rigid-flow"][1][0].min() == 0


def test_scales_do_not_follow_wild_pixels_and_leave_out_what_is_unknown():
    error = np.full((1, 40, 50), 0.2, np.float32)
    error[0, 0, :10] = 1e6
    error[0, 1] = np.nan
    scale = choose_scale("photometric-error", [scale_samples("photometric-error", error)])
    assert scale == pytest.approx(0.2)
    assert "0.2 and more" in legend("photometric-error", scale)
    depth = choose_scale(
        "depth", [scale_samples("depth", np.linspace(1, 9, 2000, dtype=np.float32).reshape(1, 40, 50))]
    )
    assert isinstance(depth, ColourRange)
    assert legend("depth", depth, unit="m").endswith(" m")
    assert choose_scale("flow", [np.zeros(5)]) == 1.0


def test_sources_and_masks_need_no_scale():
    assert scale_key("source") is scale_key("auto-mask") is scale_key("measured-error") is None
    drawn = draw("source", np.array([[[0, 1], [2, 3]]], np.float32), None)
    assert [tuple(colour) for colour in drawn.reshape(4, 3).tolist()] == list(SOURCE_COLOURS)
    assert draw("auto-mask", np.array([[[0.0, 1.0]]], np.float32), None)[0].tolist() == [[0] * 3, [255] * 3]
    error = draw("measured-error", np.array([[[0.5, 9.0, np.nan]]], np.float32), None)[0]
    assert error[0].tolist() == error[1].tolist() != error[2].tolist() == [128] * 3


@pytest.mark.parametrize("size", [(64, 96), (192, 640), (97, 1301), (500, 500)])
@pytest.mark.parametrize("count", [1, 4, 7])
def test_sheets_have_even_sides_and_hold_all_pictures(size: tuple[int, int], count: int):
    tiles = [("depth", "near to far", np.full((*size, 3), 10 * (number + 1), np.uint8)) for number in range(count)]
    made = sheet(tiles)
    assert made.shape[0] % 2 == made.shape[1] % 2 == 0
    assert made.shape[1] <= 4 * (TILE_WIDTHS[1] + 8)
    assert {10 * (number + 1) for number in range(count)} <= set(made.reshape(-1, 3)[:, 0].tolist())
