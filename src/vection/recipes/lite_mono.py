"""Recipes of Lite-Mono, Monodepth2's loss with another network and optimiser: what Dynamo-Depth is compared with."""

from dataclasses import replace

from vection.methods.monodepth2_settings import Monodepth2Settings
from vection.recipes.monodepth2 import NOTHING_HELD_OUT, NUSCENES, WAYMO
from vection.recipes.recipe import DataSettings, Recipe
from vection.training.settings import Stage

# Paper and README: AdamW, 30 epochs; the rates fall along a cosine to 5e-6 of the depth network, 1e-5 of the pose
# network. Drop path is the README's 0.2. Lite-Mono has disparities at three scales.
_KITTI = Recipe(
    name="lite-mono",
    summary="Lite-Mono-8m, 640x192 on KITTI (Dynamo-Depth's table 1, quoted there)",
    method=Monodepth2Settings(depth_network="lite-mono-8m", scales=3),
    data=DataSettings(source="kitti-raw", split="eigen_zhou", shared_intrinsics=True, workers=8),
    stages=(Stage(epochs=30, drops=(), fades=True, fades_to=5e-6, pose_fades_to=1e-5, weight_decay=1e-2),),
    default_checkpoint="last",
    protocols=("kitti-eigen",),
)

RECIPES = (
    _KITTI,
    replace(
        _KITTI,
        name="lite-mono-waymo",
        summary="Lite-Mono-8m, 480x320: Waymo Open (Dynamo-Depth's tables 1 and 2, dagger)",
        data=WAYMO,
        training=NOTHING_HELD_OUT,
        protocols=("waymo-historical", "waymo", "dynamo-snippets"),
    ),
    replace(
        _KITTI,
        name="lite-mono-nuscenes",
        summary="Lite-Mono-8m, 512x288: nuScenes (Dynamo-Depth's tables 1, 2, 6 and 7, dagger)",
        data=NUSCENES,
        training=NOTHING_HELD_OUT,
        protocols=("nuscenes", "nuscenes-day-clear", "dynamo-snippets"),
    ),
)
