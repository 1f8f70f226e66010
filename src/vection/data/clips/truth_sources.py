"""Where true depth comes from: an identifier for each source, by which files and protocols agree, and its sentence."""

from typing import Literal

from vection.formats.measured_geometry import LEAST_WEIGHT

TruthSource = Literal[
    "kitti-velodyne-x",
    "kitti-velodyne-z",
    "kitti-improved",
    "kitti-2015-disparity",
    "kitti-2015-nominal",
    "cityscapes-disparity",
    "make3d-laser",
    "nuscenes-lidar-z",
    "waymo-laser-z",
    "waymo-compensated-z",
    "waymo-projection-z",
    "waymo-vehicle-distance",
    "renderer",
    "measured",
]

TRUTH_SOURCES: dict[str, str] = {
    "kitti-velodyne-x": "velodyne projected, its forward coordinate x",
    "kitti-velodyne-z": "velodyne projected, camera z",
    "kitti-improved": "KITTI's improved depth maps (Uhrig et al. 2017)",
    "kitti-2015-disparity": "KITTI 2015 stereo disparity, focal * baseline / disparity",
    "kitti-2015-nominal": "KITTI 2015 stereo disparity, focal * 0.54 m / disparity",
    "cityscapes-disparity": "Cityscapes' stereo disparity, focal * baseline / disparity",
    "make3d-laser": "Make3D's laser grid, middle 21 of 55 rows (C1)",
    "nuscenes-lidar-z": "nuScenes' LIDAR_TOP at key frames, camera z",
    "waymo-laser-z": "Waymo's lasers projected into the undistorted image, camera z",
    "waymo-compensated-z": "Waymo's lasers moved to the image's instant, camera z",
    "waymo-projection-z": "Waymo's lasers at Waymo's own pixels, undistorted, camera z",
    "waymo-vehicle-distance": "Waymo's lasers, distance from the vehicle, at distorted pixels",
    "renderer": "the renderer's depth",
    "measured": f"depth measured in the clip itself, weight of a pixel and all around it above {LEAST_WEIGHT:g}",
}
"""The sentence of each source, which tables print. A `TruthSource` for each key; own data may have other words."""

MEASURED: TruthSource = "measured"
"""No truth, but what needs none: `vection.data.measure`. In a unit of its own in each part of a clip."""


def source_identifier(source: str) -> str:
    """Return the identifier of a source given by its identifier or by its sentence; other words as they are.

    Clips and exported files of earlier versions hold the sentence.

    >>> source_identifier("velodyne projected, camera z")
    'kitti-velodyne-z'
    """
    return next((name for name, sentence in TRUTH_SOURCES.items() if sentence == source), source)


def source_sentence(source: str) -> str:
    """Return the sentence of a source; words that are no identifier as they are.

    >>> source_sentence("kitti-velodyne-z")
    'velodyne projected, camera z'
    """
    return TRUTH_SOURCES.get(source, source)
