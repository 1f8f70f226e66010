"""Each NumPy array's shape and unit, named once; tensors are in `types.py`. Conventions: docs/conventions.md."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Float32, Shaped, UInt8

Unit = Literal["up-to-scale", "metres"]
"""The unit of depth, paths and object motion. Training on one camera's video leaves the scale open."""

RgbImage = UInt8[np.ndarray, "height width 3"]
"""RGB as stored, 0..255."""

GreyImage = UInt8[np.ndarray, "height width"]
"""Brightness, 0..255."""

AnyImage = UInt8[np.ndarray, "..."]
"""RGB, grey or a map of 8 bits, of any size: what is cut, resized and stored alike."""

DepthMap = Float32[np.ndarray, "height width"]
"""z of the camera; predicted: positive, true: metres, 0 where it is unknown."""

FlowMap = Float32[np.ndarray, "height width 3"]
"""How each pixel's point moves by itself until the next frame: x, y, z of the camera, without ego-motion."""

MaskMap = Float32[np.ndarray, "height width"]
"""How sure it is that the pixel moves by itself, in [0, 1]."""

FloatMap = Float[np.ndarray, "height width"]
"""One number a pixel, of either precision."""

PixelMask = Bool[np.ndarray, "height width"]
"""True where what the name says holds."""

ClassIds = UInt8[np.ndarray, "height width"]
"""Cityscapes train ids (0 road .. 18 bicycle); 255 where unknown."""

CategoryMap = UInt8[np.ndarray, "height width"]
"""0 static background, 1 static object that could move, 2 moving object; 255 for the sky and what nobody knows."""

Pose = Float[np.ndarray, "4 4"]
"""Rigid transform of column vectors, `T_a_to_b`; a camera's place in the world is T_camera_to_world."""

Poses = Float[np.ndarray, "frame 4 4"]
"""A transform a frame, those of a path T_camera_to_world."""

Rotation = Float[np.ndarray, "3 3"]
"""Rotation of column vectors."""

Vector3 = Float[np.ndarray, "3"]
"""x, y, z, or lengths along three axes."""

PointList = Float[np.ndarray, "point 3"]
"""x, y, z of points; of laser points that a camera sees: u, v in pixels and depth."""

Positions = Float[np.ndarray, "frame 3"]
"""Where the camera is in each frame."""

CameraMatrix = Float[np.ndarray, "3 3"]
"""K in pixels; pixel centres at integers."""

Projection = Float[np.ndarray, "3 4"]
"""K [R | t]: homogeneous points to homogeneous pixels."""

CameraNumbers = tuple[float, float, float, float]
"""fx, fy, cx, cy in pixels; pixel centres at integers."""

Distortion = tuple[float, float, float, float, float]
"""k1, k2, p1, p2, k3 of OpenCV."""

Fisheye = tuple[float, float, float, float]
"""k1 to k4 of OpenCV's fisheye lens (Kannala and Brandt): theta (1 + k1 theta^2 + ... + k4 theta^8) f."""

Remap = tuple[Float32[np.ndarray, "height width"], Float32[np.ndarray, "height width"]]
"""The two maps of cv2.remap: column and row of the source for each pixel of the image."""

AnyArray = Shaped[np.ndarray, "..."]
"""An array of which the function says what type and shape it has."""
