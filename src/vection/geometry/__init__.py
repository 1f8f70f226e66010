"""Cameras, rigid motion, warping and flow: pure functions of tensors, usable without the rest of the library.

Imports `types` only. `docs/conventions.md` states directions, units and pixel centres.
"""

from vection.geometry.camera import (
    backproject,
    disparity_to_depth,
    disparity_to_inverse_depth,
    flip_intrinsics,
    inverse_depth_to_disparity,
    pixel_grid,
    project,
    resize_intrinsics,
)
from vection.geometry.flow import ego_flow, object_flow
from vection.geometry.pairs import Pairs, both_ways
from vection.geometry.plane import Ransac, find_ground
from vection.geometry.resizing import image_pyramid
from vection.geometry.rigid import (
    compose,
    invert,
    make_transform,
    motion_vector,
    rotation_from_axis_angle,
    rotation_from_euler,
    rotation_from_quaternion,
    transform_from_axis_angle,
    transform_points,
)
from vection.geometry.views import Views
from vection.geometry.warp import Correspondence, correspond, sample, warp, warp_with_depth

__all__ = [
    "Correspondence",
    "Pairs",
    "Ransac",
    "Views",
    "backproject",
    "both_ways",
    "compose",
    "correspond",
    "disparity_to_depth",
    "disparity_to_inverse_depth",
    "ego_flow",
    "find_ground",
    "flip_intrinsics",
    "image_pyramid",
    "inverse_depth_to_disparity",
    "invert",
    "make_transform",
    "motion_vector",
    "object_flow",
    "pixel_grid",
    "project",
    "resize_intrinsics",
    "rotation_from_axis_angle",
    "rotation_from_euler",
    "rotation_from_quaternion",
    "sample",
    "transform_from_axis_angle",
    "transform_points",
    "warp",
    "warp_with_depth",
]
