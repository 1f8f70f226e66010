"""Images, maps and cameras of another size: a pixel centre at x moves to (x + 1/2) W'/W - 1/2. Sizes: height, width."""

import cv2
import numpy as np
from jaxtyping import Shaped

from vection.arrays import AnyArray, AnyImage, CameraNumbers

Size = tuple[int, ...]
"""Height and width in pixels."""


def resize_image(image: AnyImage, size: Size) -> AnyImage:
    """Average by area, which keeps thin things when shrinking; enlarge bilinearly, where areas would repeat pixels."""
    shrinks = image.shape[0] >= size[0] and image.shape[1] >= size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=method), np.uint8)


def resize_map(values: Shaped[np.ndarray, "height width *channel"], size: Size) -> AnyArray:
    """Resize numbers bilinearly; a map of this size is returned as it is."""
    if values.shape[:2] == tuple(size):
        return values
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))


def resize_nearest(values: Shaped[np.ndarray, "height width"], size: Size) -> AnyArray:
    """Take the nearest pixel of ids, which have no mean; a map of this size is returned as it is."""
    if values.shape == tuple(size):
        return values
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT))


def resize_camera(numbers: CameraNumbers, *, from_size: Size, to_size: Size) -> CameraNumbers:
    """Return fx, fy, cx, cy of the resized image."""
    fx, fy, cx, cy = (float(number) for number in numbers)
    scale_y, scale_x = (new / old for new, old in zip(to_size, from_size, strict=True))
    return fx * scale_x, fy * scale_y, (cx + 0.5) * scale_x - 0.5, (cy + 0.5) * scale_y - 0.5
