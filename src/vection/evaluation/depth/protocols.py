"""The depth protocols of the papers' tables, by name."""

from dataclasses import replace

from vection.evaluation.depth.protocol import ALL, CITYSCAPES_WINDOW, GARG, WITHOUT_BONNET, DepthProtocol
from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS
from vection.names import look_up

OBJECT_CATEGORIES = (ALL, "static background", "static objects", "moving objects")
"""Static objects could move (parked cars)."""

KITTI_EIGEN = DepthProtocol(
    "kitti-eigen",
    "kitti-velodyne-x",
    truth_above=1e-3,
    truth_below=80.0,
    crop=GARG,
    images=697,
)
"""The numbers of Monodepth2's Tables 1 and 2."""

KITTI_EIGEN_Z = replace(KITTI_EIGEN, name="kitti-eigen-z", ground_truth="kitti-velodyne-z")
"""The same with true z-depth: SGDepth's Table 1 (its maps are also rounded to 1/256 m)."""

KITTI_EIGEN_STEREO = replace(KITTI_EIGEN, name="kitti-eigen-stereo", scaling="none", factor=5.4)
"""For nets trained with Monodepth2's stereo baseline of 0.1; KITTI's is 0.54 m."""

KITTI_EIGEN_ONE_SCALE = replace(KITTI_EIGEN, name="kitti-eigen-one-scale", scaling="one-scale")
"""Whether one scale suffices for all images. Published is `eigen-benchmark-one-scale`."""

KITTI_EIGEN_DEPTH = replace(KITTI_EIGEN, name="kitti-eigen-depth", resize="depth")
"""Depth is resized, as Zhou et al.'s evaluation does: SC-SfMLearner's Tables 1, 3, 4 and 5, Li et al.'s Table 3."""

KITTI_EIGEN_DYNAMO = replace(KITTI_EIGEN, name="kitti-eigen-dynamo", median="lower")
"""Dynamo-Depth's Tables 1 and 5."""

EIGEN_BENCHMARK = DepthProtocol("eigen-benchmark", "kitti-improved", images=652)
"""Monodepth2's supplement; no crop and no cap on the truth, predictions still clamped."""

EIGEN_BENCHMARK_STEREO = replace(EIGEN_BENCHMARK, name="eigen-benchmark-stereo", scaling="none", factor=5.4)

EIGEN_BENCHMARK_ONE_SCALE = replace(EIGEN_BENCHMARK, name="eigen-benchmark-one-scale", scaling="one-scale")
"""Whether one scale suffices for all images (Monodepth2's supplement, D.2)."""

KITTI_2015 = DepthProtocol(
    "kitti-2015",
    "kitti-2015-disparity",
    categories=(ALL, "static", "moving"),
    images=200,
)
"""Training images of KITTI 2015 with their calibrated baseline; 'moving' are the pixels of its object map."""

KITTI_2015_SGDEPTH = replace(KITTI_2015, name="kitti-2015-sgdepth", ground_truth="kitti-2015-nominal")
"""SGDepth's KITTI split (Table 3): its truth takes 0.54 m for the baseline. The true one is 1.4 % shorter, so SqRel and
RMSE are 1.4 % larger here; what is relative is the same. Its truth is also rounded to 1/256 m."""

KITTI_SERVER = DepthProtocol(
    "kitti-server",
    "kitti-improved",
    selection="selected validation images",
    min_depth=1 / 256,
    scaling="none",
    server=True,
    images=1000,
)
"""What the depth prediction server computes (SGDepth's Table 2), for images whose truth is known. Give the scale.

The server itself cuts nothing, but what it gets is cut: at 80 m, as `vection submission` and Monodepth2 do.
"""

KITTI_SERVER_ONE_SCALE = replace(KITTI_SERVER, name="kitti-server-one-scale", scaling="one-scale")
"""Finds the scale for a submission: the median of the validation images' ratios."""

CITYSCAPES = DepthProtocol(
    "cityscapes",
    "cityscapes-disparity",
    truth_above=1e-3,
    truth_below=80.0,
    crop=CITYSCAPES_WINDOW,
    seen=CITYSCAPES_WINDOW,
    part="test",
    images=1525,
)
"""For networks that see exactly the evaluated window (struct2depth); inverse depth is resized, as ManyDepth does."""

CITYSCAPES_DEPTH = replace(CITYSCAPES, name="cityscapes-depth", resize="depth")
"""Li et al.'s Tables 1 and 2: "the code and methodology from Struct2Depth", which refers to Zhou et al.'s."""

CITYSCAPES_TOP = replace(CITYSCAPES, name="cityscapes-top", seen=WITHOUT_BONNET)
"""The same pixels, for networks that see the image without its lowest quarter (ManyDepth)."""

WAYMO = DepthProtocol(
    "waymo",
    "waymo-laser-z",
    max_depth=75.0,
    truth_above=1e-3,
    truth_below=75.0,
    median="lower",
    categories=OBJECT_CATEGORIES,
    category_averaging="per pixel",
    images=2216,
)
"""Dynamo-Depth's present evaluation. Points are hidden behind nothing: no occlusion test, as published."""

WAYMO_HISTORICAL = replace(WAYMO, name="waymo-historical", ground_truth="waymo-vehicle-distance")
"""Dynamo-Depth's Tables 1 to 3, as published in 2023; some 10 % farther than camera z."""

WAYMO_COMPENSATED = replace(WAYMO, name="waymo-compensated", ground_truth="waymo-compensated-z", images=None)
"""True depth when the image was taken; nothing is published with it."""

WAYMO_PROJECTION = replace(WAYMO, name="waymo-projection", ground_truth="waymo-projection-z", images=None)
"""At the places that Waymo gives, with the rolling shutter; nothing is published with it."""

WAYMO_LI = replace(
    WAYMO,
    name="waymo-li",
    max_depth=80.0,
    truth_below=80.0,
    median="middle",
    resize="depth",
    categories=(ALL,),
    category_averaging=None,
    images=1500,
)
"""Li et al.'s Table 4, as far as it is known: the paper states neither cap nor what is resized; its other tables have
80 m and, after Zhou et al., depth."""

NUSCENES = replace(WAYMO, name="nuscenes", ground_truth="nuscenes-lidar-z", images=6019)
"""Dynamo-Depth's Tables 1 and 2: key frames of the 150 validation scenes."""

NUSCENES_DAY_CLEAR = replace(NUSCENES, name="nuscenes-day-clear", images=4449)
"""Its Tables 6 and 7: scenes described without "night" or "rain". Evaluate the clips of `day-clear` alone."""

MAKE3D = DepthProtocol(
    "make3d-c1",
    "make3d-laser",
    min_depth=0.0,
    max_depth=70.0,
    truth_below=70.0,
    resize="depth",
    interpolation="nearest",
    log_base="10",
    images=134,
)
"""Monodepth2's Table 3, M: the image's middle at a ratio of 2:1; RMSElog is the paper's column log10."""

MAKE3D_STEREO = replace(MAKE3D, name="make3d-c1-stereo", scaling="none", factor=5.4)
"""Its row MS, "the unmodified network prediction": in metres, nothing scaled by the truth."""

MEASURED = DepthProtocol("measured", "measured", clamp=False)
"""Needs no truth: depth measured in the clip, where `formats.measured_geometry` says that it is comparable."""

SYNTHETIC = DepthProtocol("synthetic", "renderer", truth_below=80.0, categories=OBJECT_CATEGORIES)

PROTOCOLS = (
    KITTI_EIGEN,
    KITTI_EIGEN_Z,
    KITTI_EIGEN_STEREO,
    KITTI_EIGEN_ONE_SCALE,
    KITTI_EIGEN_DEPTH,
    KITTI_EIGEN_DYNAMO,
    EIGEN_BENCHMARK,
    EIGEN_BENCHMARK_STEREO,
    EIGEN_BENCHMARK_ONE_SCALE,
    KITTI_2015,
    KITTI_2015_SGDEPTH,
    KITTI_SERVER,
    KITTI_SERVER_ONE_SCALE,
    CITYSCAPES,
    CITYSCAPES_DEPTH,
    CITYSCAPES_TOP,
    WAYMO,
    WAYMO_HISTORICAL,
    WAYMO_COMPENSATED,
    WAYMO_PROJECTION,
    WAYMO_LI,
    NUSCENES,
    NUSCENES_DAY_CLEAR,
    MAKE3D,
    MAKE3D_STEREO,
    MEASURED,
    SYNTHETIC,
)


def get_protocol(name: str) -> DepthProtocol:
    """Return a protocol by name; UsageError naming the nearest ones, those of objects among them.

    >>> get_protocol("kitti-eigen").crop.name
    'Garg'
    """
    protocols = {protocol.name: protocol for protocol in PROTOCOLS}
    return look_up(name, protocols, kind="evaluation protocol", elsewhere=OBJECT_PROTOCOLS)
