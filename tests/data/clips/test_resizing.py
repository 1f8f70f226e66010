"""Images, maps, ids and cameras of another size follow the same rule of pixel centres."""

import numpy as np
import pytest

from vection.data.clips.resizing import resize_camera, resize_image, resize_map, resize_nearest


def test_shrinking_averages_areas():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:2, :2] = 100
    assert resize_image(image, (2, 4))[..., 0].tolist() == [[100, 0, 0, 0], [0, 0, 0, 0]]


def test_enlarging_is_bilinear():
    assert resize_image(np.array([[0, 100]], np.uint8), (1, 4)).tolist() == [[0, 25, 75, 100]]


def test_a_map_of_numbers_keeps_a_slope():
    values = np.arange(8, dtype=np.float32)[None].repeat(4, axis=0)
    large = resize_map(values, (8, 16))
    np.testing.assert_allclose(large[0, 1:-1], (np.arange(1, 15) + 0.5) / 2 - 0.5)


def test_channels_are_resized_one_by_one():
    flow = np.random.default_rng(0).random((3, 5, 3)).astype(np.float32)
    large = resize_map(flow, (6, 10))
    for channel in range(3):
        np.testing.assert_array_equal(large[..., channel], resize_map(flow[..., channel], (6, 10)))


def test_ids_are_never_mixed():
    ids = np.array([[0, 255], [7, 11]], np.uint8)
    assert resize_nearest(ids, (4, 4)).tolist() == [[0, 0, 255, 255], [0, 0, 255, 255], [7, 7, 11, 11], [7, 7, 11, 11]]


@pytest.mark.parametrize("resize", [resize_map, resize_nearest])
def test_the_same_size_changes_nothing(resize):
    values = np.random.default_rng(0).random((3, 5)).astype(np.float32)
    assert resize(values, (3, 5)) is values


def test_the_edge_of_the_image_stays_the_edge():
    _, _, cx, cy = resize_camera((9.0, 9.0, -0.5, 7.5), from_size=(8, 16), to_size=(4, 80))
    assert (cx, cy) == pytest.approx((-0.5, 3.5))


def test_there_and_back():
    numbers = (10.0, 20.0, 7.5, 3.5)
    small = resize_camera(numbers, from_size=(8, 16), to_size=(3, 5))
    assert resize_camera(small, from_size=(3, 5), to_size=(8, 16)) == pytest.approx(numbers)
