"""What moves in a frame of Waymo: panoptic labels of the image, tied to labelled boxes by the laser points in both."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int64, UInt8

from vection.arrays import CategoryMap, ClassIds, PixelMask, PointList, Remap
from vection.data.clips.image_file import decode_map
from vection.data.readers.sparse_depth import (
    BACKGROUND,
    MOVING_OBJECT,
    NO_CATEGORY,
    STATIC_OBJECT,
    category_map,
    inside_box,
)
from vection.data.readers.waymo.frame import WaymoBox, WaymoFrame
from vection.errors import DataError

MOVING_SPEED = 1.0
"""Metres a second, as Dynamo-Depth has it."""
NOTHING_KNOWN = (0, 1)
"""Panoptic classes: undefined (also what the undistorted image alone shows), the ego vehicle."""
MOVABLE = (*range(2, 14), 16, 27)
"""Panoptic classes of things that could move: vehicles, riders, people, animals, what people carry, other movers."""
SIGN = 3
"""Kind of box that is no object which could move."""

# undefined, ego vehicle, car, truck, bus, other large vehicle, bicycle, motorcycle, trailer, pedestrian, cyclist,
# motorcyclist, bird, ground animal, cone, pole, pedestrian's object, sign, traffic light, building, road, lane marker,
# road marker, sidewalk, vegetation, sky, ground, dynamic, static
CITYSCAPES_IDS = np.array(
    [
        255,
        255,
        13,
        14,
        15,
        255,
        18,
        17,
        255,
        11,
        12,
        12,
        255,
        255,
        255,
        5,
        255,
        7,
        6,
        2,
        0,
        0,
        0,
        1,
        8,
        10,
        9,
        255,
        255,
    ],
    np.uint8,
)
"""Train ids of Waymo's panoptic classes; 255 for those that Cityscapes has not."""


@dataclass(frozen=True)
class PanopticLabel:
    """Class and instance of each pixel."""

    classes: UInt8[np.ndarray, "height width"]
    instances: Int64[np.ndarray, "height width"]
    """Unique in the image, over classes; 0 where there is none."""

    @property
    def train_ids(self) -> ClassIds:
        """Classes of Cityscapes."""
        return np.asarray(CITYSCAPES_IDS[np.minimum(self.classes, len(CITYSCAPES_IDS) - 1)])

    @property
    def movable(self) -> PixelMask:
        """True where something could move."""
        return np.isin(self.classes, MOVABLE)

    def remapped(self, maps: Remap) -> "PanopticLabel":
        """Return the label of another image, by cv2.remap's maps to it; the nearest pixel counts."""
        classes = cv2.remap(self.classes, *maps, cv2.INTER_NEAREST)
        # float32 holds class * 1000 + instance exactly; remap knows no integers of that size
        instances = cv2.remap(self.instances.astype(np.float32), *maps, cv2.INTER_NEAREST)
        return PanopticLabel(np.asarray(classes, np.uint8), np.asarray(instances).astype(np.int64))

    def unmatched(self) -> CategoryMap:
        """Category where no object is known to move or not: background, or nothing known."""
        unknown = self.movable | np.isin(self.classes, NOTHING_KNOWN)
        return np.where(unknown, NO_CATEGORY, BACKGROUND).astype(np.uint8)


def read_panoptic(frame: WaymoFrame) -> PanopticLabel | None:
    """Return the panoptic label of the distorted image, None if the frame has none."""
    if frame.panoptic_png is None:
        return None
    stored = decode_map(frame.panoptic_png, name="of a panoptic label")
    if stored.shape != (frame.camera.height, frame.camera.width) or frame.panoptic_divisor < 1:
        raise DataError("A panoptic label of Waymo is broken or not of its image's size.")
    classes, instance = np.divmod(stored.astype(np.int64), frame.panoptic_divisor)
    return PanopticLabel(classes.astype(np.uint8), np.where(instance > 0, stored, 0).astype(np.int64))


def panoptic_categories(
    label: PanopticLabel,
    *,
    seen: Float[np.ndarray, "seen 3"],
    points: Float[np.ndarray, "seen 3"],
    boxes: tuple[WaymoBox, ...],
) -> CategoryMap:
    """Category of each pixel: background, static or moving object, none where an object has no box of known speed.

    `seen` are u, v, depth of the laser points, `points` the same in the vehicle's coordinates. An instance belongs to
    the box that holds most of its points, and moves if that box is faster than 1 m/s.
    """
    categories = label.unmatched()
    column, row = seen[:, 0].astype(np.int64), seen[:, 1].astype(np.int64)
    instance = np.where(label.movable[row, column], label.instances[row, column], 0)
    held = [_inside(points, box) for box in boxes]
    for number in np.unique(instance[instance > 0]).tolist():
        inside = [int(np.count_nonzero(where & (instance == number))) for where in held]
        if inside and max(inside) > 0:
            categories[label.instances == number] = _category(boxes[int(np.argmax(inside))])
    return categories


def box_categories(
    *,
    seen: Float[np.ndarray, "seen 3"],
    points: Float[np.ndarray, "seen 3"],
    boxes: tuple[WaymoBox, ...],
    height: int,
    width: int,
) -> CategoryMap:
    """Category at the pixels of laser points from the boxes alone; every frame has boxes."""
    categories = np.full(len(points), BACKGROUND, np.uint8)
    for box in boxes:
        if box.kind != SIGN:
            categories[_inside(points, box)] = _category(box)
    return category_map(seen, categories, height=height, width=width)


def _inside(points: PointList, box: WaymoBox) -> Bool[np.ndarray, " point"]:
    cosine, sine = np.cos(box.heading), np.sin(box.heading)
    rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    return inside_box(points, centre=box.centre, rotation=rotation, size=box.size)


def _category(box: WaymoBox) -> int:
    if box.speed is None:
        return NO_CATEGORY
    return MOVING_OBJECT if box.speed > MOVING_SPEED else STATIC_OBJECT
