"""Each tensor's shape and unit, named once. Conventions: docs/conventions.md."""

from jaxtyping import Bool, Float, UInt8
from torch import Tensor

Image = Float[Tensor, "batch 3 height width"]
"""RGB in [0, 1]."""

RawImage = UInt8[Tensor, "batch 3 height width"]
"""RGB as stored, 0..255."""

Sources = Float[Tensor, "batch source 3 height width"]
"""The source frames of each target, RGB in [0, 1]."""

RawSources = UInt8[Tensor, "batch source 3 height width"]
"""The source frames of each target as stored, 0..255."""

Depth = Float[Tensor, "batch 1 height width"]
"""z of the camera, positive; up to scale unless said otherwise."""

Disparity = Float[Tensor, "batch 1 height width"]
"""The network's sigmoid in (0, 1): large is near. Not 1/depth; see `geometry.camera.disparity_to_depth`."""

Disparities = list[Float[Tensor, "batch 1 _ _"]]
"""Disparities of the scales of a decoder, finest first, each half the size of the one before."""

InverseDepth = Float[Tensor, "batch 1 height width"]
"""1 / depth."""

Map = Float[Tensor, "batch 1 height width"]
"""One number a pixel: an error, a weight."""

Mask = Bool[Tensor, "batch 1 height width"]
FullSizeMask = Bool[Tensor, "batch 1 full_height full_width"]
"""A mask of full-size images beside maps of any scale."""
"""True where what the name says holds."""

ClassMap = UInt8[Tensor, "batch 1 height width"]
"""Cityscapes train ids (0 road .. 18 bicycle); 255 where unknown."""

Points = Float[Tensor, "batch 3 height width"]
"""x right, y down, z forward, in one camera's coordinates, in the unit of the depth."""

Pixels = Float[Tensor, "batch height width 2"]
"""x (column) and y (row) in pixels; pixel centres at integers."""

Intrinsics = Float[Tensor, "batch 3 3"]
"""Camera matrix K in pixels of the image it travels with."""

Transform = Float[Tensor, "batch 4 4"]
"""Rigid transform of column vectors. `T_a_to_b` maps points from a's coordinates to b's."""

Vector3 = Float[Tensor, "batch 3"]
"""A translation, an axis-angle or Euler angles (radians)."""

Scalar = Float[Tensor, ""]
"""A loss term."""
