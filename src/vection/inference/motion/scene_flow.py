"""Scene flow: how each pixel's point moves in the camera's coordinates, object flow and ego-motion together."""

import numpy as np
from jaxtyping import Float64

from vection.arrays import CameraNumbers, DepthMap, FlowMap


def scene_flow(
    depth: DepthMap,
    *,
    intrinsics: CameraNumbers,
    T_to_next: Float64[np.ndarray, "4 4"],
    object_flow: FlowMap | None = None,
) -> FlowMap:
    """Return T_to_next (p + object_flow) - p with p = depth K^-1 (x, y, 1), in the unit of the depth.

    p lies in this frame's camera, the sum in the next frame's. Without object flow all is taken as static.
    """
    height, width = depth.shape
    fx, fy, cx, cy = intrinsics
    y, x = np.mgrid[0:height, 0:width]
    points = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones(depth.shape)], axis=2) * depth[:, :, None]
    moved = points if object_flow is None else points + object_flow
    return (moved @ T_to_next[:3, :3].T + T_to_next[:3, 3] - points).astype(np.float32)
