"""Recipes of Monodepth2: the rows of its tables 1 and 2 and of its supplement, at the paper's settings.

Beside them stand the baselines of Dynamo-Depth's tables that are this method on other data.
"""

from dataclasses import replace
from functools import partial

from vection.methods.monodepth2_settings import Monodepth2Settings, Short
from vection.recipes import short
from vection.recipes.recipe import DataSettings, Recipe
from vection.training.settings import Stage, TrainingSettings

_EIGEN_ZHOU = DataSettings(source="kitti-raw", split="eigen_zhou", shared_intrinsics=True, batch_size=12, workers=8)
_EIGEN_FULL = replace(_EIGEN_ZHOU, split="eigen_full")
_BENCHMARK = replace(_EIGEN_ZHOU, split="benchmark")
_ODOMETRY = replace(_EIGEN_ZHOU, source="kitti-odometry", split="odometry")
START_EPOCH = 10
"""Epochs of 640x192 before those of 1024x320 (the authors' scripts)."""

_PAPER = Monodepth2Settings()
_MONO = Recipe(
    name="monodepth2",
    summary="M, 640x192: the full model (tables 1 and 2a)",
    data=_EIGEN_ZHOU,
    default_checkpoint="last",
    protocols=("kitti-eigen", "eigen-benchmark", "make3d-c1"),
)
_STEREO = replace(
    _MONO,
    name="monodepth2-stereo",
    summary="S, 640x192 (table 1)",
    method=replace(_PAPER, temporal=False, stereo=True),
    data=_EIGEN_FULL,
    protocols=("kitti-eigen-stereo", "eigen-benchmark-stereo"),
)
_MONO_STEREO = replace(
    _MONO,
    name="monodepth2-mono-stereo",
    summary="MS, 640x192 (table 1)",
    method=replace(_PAPER, stereo=True),
    protocols=("kitti-eigen-stereo", "eigen-benchmark-stereo", "make3d-c1-stereo"),
)


def _with_start_kept(recipe: Recipe) -> Recipe:
    """Keep the snapshot from which training at 1024x320 starts."""
    return replace(recipe, training=TrainingSettings(snapshot_every=START_EPOCH))


def _trained_on(recipe: Recipe, name: str, row: str, *, data: DataSettings, protocol: str) -> Recipe:
    return replace(
        recipe,
        name=f"{recipe.name}-{name}",
        summary=f"{recipe.summary.split(',')[0]}, 640x192: {row}",
        data=data,
        protocols=(protocol,),
    )


def _without_pretraining(recipe: Recipe, *, row: str = "table 1") -> Recipe:
    """30 epochs from random weights; the paper names no other change of schedule."""
    assert isinstance(recipe.method, Monodepth2Settings)
    return replace(
        recipe,
        name=f"{recipe.name}-no-pretraining",
        summary=f"{recipe.summary.split(',')[0]}, 640x192, no ImageNet weights, 30 epochs ({row})",
        method=replace(recipe.method, pretrained=False),
        stages=(Stage(epochs=30),),
    )


def _high_resolution(recipe: Recipe) -> Recipe:
    """Five more epochs at 1024x320 from epoch 10 of the 640x192 model, batch 4, 1e-5."""
    return replace(
        recipe,
        name=f"{recipe.name}-1024x320",
        summary=f"{recipe.summary.split(',')[0]}, 1024x320 from 10 epochs of {recipe.name} (start_from) (table 1)",
        data=replace(recipe.data, width=1024, height=320, batch_size=4),
        stages=(Stage(epochs=5, learning_rate=1e-5, drops=()),),
        starts_after=recipe.name,
        start_epoch=START_EPOCH,
    )


def _variant(name: str, summary: str, **changes: object) -> Recipe:
    return replace(
        _MONO,
        name=f"monodepth2-{name}",
        summary=f"M, 640x192: {summary} (table 2)",
        method=replace(_PAPER, **changes),  # type: ignore[arg-type]
    )


_BASELINE = {"reprojection": "average", "mask": "none", "multi_scale": "per-scale"}
_ABLATION = (
    _variant("baseline", "none of the three contributions", **_BASELINE),
    _variant(
        "baseline-min-reprojection", "baseline + minimum reprojection", **{**_BASELINE, "reprojection": "minimum"}
    ),
    _variant("baseline-auto-masking", "baseline + auto-masking", **{**_BASELINE, "mask": "auto"}),
    _variant(
        "baseline-full-resolution",
        "baseline + full-resolution multi-scale",
        **{**_BASELINE, "multi_scale": "full-resolution"},
    ),
    _variant("without-min-reprojection", "full model without minimum reprojection", reprojection="average"),
    _variant("without-auto-masking", "full model without auto-masking", mask="none"),
    _variant("without-full-resolution", "full model without full-resolution multi-scale", multi_scale="per-scale"),
    _variant("predictive-mask", "Zhou et al.'s predicted mask in place of auto-masking", mask="predictive"),
)
_BASELINE_MONO = _ABLATION[0]

_SHORT = replace(_PAPER, depth_network="efficientnet-lite0", min_depth=short.MIN_DEPTH, max_depth=short.MAX_DEPTH)

_RESNET50 = replace(
    _MONO,
    name="monodepth2-resnet50",
    summary="M with ResNet-50, 640x192 (supplement)",
    method=replace(_PAPER, depth_network="resnet50"),
)
_ON_PATHS = "KITTI odometry 00 to 08 (supplement A)"
_SUPPLEMENT = (
    _RESNET50,
    _without_pretraining(_RESNET50, row="supplement"),
    *(
        _trained_on(recipe, "benchmark", "KITTI's depth benchmark (supplement D.3)", data=_BENCHMARK, protocol=protocol)
        for recipe, protocol in (
            (_MONO, "kitti-server-one-scale"),
            (_STEREO, "kitti-server"),
            (_MONO_STEREO, "kitti-server"),
        )
    ),
    *(
        row(_trained_on(recipe, "odometry", _ON_PATHS, data=_ODOMETRY, protocol="monodepth2-snippets"))
        for recipe in (_MONO, _MONO_STEREO)
        for row in (replace, partial(_without_pretraining, row="supplement A"))
    ),
)

# Rows "Monodepth2" with a dagger in Dynamo-Depth's tables: this code on other data.
WAYMO = DataSettings(width=480, height=320, workers=8)
NUSCENES = DataSettings(width=512, height=288, workers=8)
NOTHING_HELD_OUT = TrainingSettings(validation_fraction=0.0)
_DAGGER = tuple(
    replace(
        _MONO,
        name=f"monodepth2-{name}",
        summary=f"M, {data.width}x{data.height}: {about} (Dynamo-Depth's tables 1 and 2, dagger)",
        data=data,
        training=NOTHING_HELD_OUT,
        protocols=protocols,
    )
    for name, about, data, protocols in (
        ("waymo", "Waymo Open", WAYMO, ("waymo-historical", "waymo", "dynamo-snippets")),
        ("nuscenes", "nuScenes", NUSCENES, ("nuscenes", "nuscenes-day-clear", "dynamo-snippets")),
    )
)

RECIPES = (
    *(
        row(recipe)
        for recipe in (_MONO, _STEREO, _MONO_STEREO)
        for row in (_with_start_kept, _without_pretraining, _high_resolution)
    ),
    *_ABLATION,
    replace(
        _MONO,
        name="monodepth2-416x128",
        summary="M, 416x128: smaller (table 2a)",
        data=replace(_MONO.data, width=416, height=128),
    ),
    replace(
        _without_pretraining(_BASELINE_MONO),
        summary="M, 640x192: baseline without ImageNet weights, 30 epochs (table 2b)",
    ),
    replace(
        _BASELINE_MONO,
        name="monodepth2-baseline-full-eigen",
        summary="M, 640x192: baseline on the full Eigen split (table 2c)",
        data=_EIGEN_FULL,
    ),
    replace(
        _MONO,
        name="monodepth2-full-eigen",
        summary="M, 640x192: full model on the full Eigen split (table 2c)",
        data=_EIGEN_FULL,
    ),
    replace(
        _MONO,
        name="monodepth2-as-released",
        summary="M, 640x192: as the authors' code trains (learning rate drops after 14 epochs, not 15)",
        stages=(Stage(drops=(14,)),),
    ),
    *_SUPPLEMENT,
    *_DAGGER,
    Recipe(
        name="monodepth2-video",
        summary="your own video: EfficientNet-Lite0 with ImageNet weights, 416x128, clip folders, an hour on two cores",
        method=replace(_SHORT, short=Short(measured=True, mask_from_step=200, derotated_mask=True, ground_weight=0.1)),
        data=short.VIDEO,
        stages=(Stage(epochs=24, learning_rate=2e-4, drops=(20,), warm_up=100),),
        training=short.TRAINING,
    ),
    Recipe(
        name="monodepth2-demo",
        summary="192x64 on the synthetic street, minutes on two cores",
        method=replace(_SHORT, short=Short(mask_from_step=100)),
        data=short.SYNTHETIC,
        stages=(Stage(epochs=8, learning_rate=3e-4, drops=(6,), warm_up=50),),
        training=short.TRAINING,
    ),
    Recipe(
        name="monodepth2-debug",
        summary="tiny and quick, to test a setup: 96x64, two epochs of two steps",
        method=replace(_PAPER, pretrained=False),
        data=short.DEBUG,
        stages=short.DEBUG_STAGES,
        training=short.DEBUG_TRAINING,
    ),
)
