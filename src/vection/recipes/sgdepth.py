"""Recipes of SGDepth: the rows of its tables 1 to 3, at the paper's settings."""

from dataclasses import replace

from vection.methods.sgdepth_settings import AS_RELEASED, SgDepthSettings, Short
from vection.recipes import short
from vection.recipes.recipe import OWN_CLIPS, DataSettings, Recipe
from vection.training.augmentation.settings import Augmentation
from vection.training.settings import Stage

# 416x128 and 1280x384 were trained like 640x192; the paper names no other schedule.
_SCHEDULE = (Stage(epochs=40, drops=(30,)),)
_EIGEN = DataSettings(
    source="kitti-raw",
    split="eigen_zhou",
    shared_intrinsics=True,
    labels="cityscapes",
    batch_size=6,
    augmentation=Augmentation(labelled_shrink=1.5),
    workers=8,
)
_KITTI = replace(_EIGEN, split="kitti")
_BENCHMARK = replace(_EIGEN, split="benchmark")
_PAPER = SgDepthSettings()
_FULL = Recipe(
    name="sgdepth",
    summary="full, 640x192 (table 1)",
    method=_PAPER,
    data=_EIGEN,
    stages=_SCHEDULE,
    default_checkpoint="last",
    protocols=("kitti-eigen-z",),
)

_DEPTH_ONLY = replace(_PAPER, learns="depth", masking="none")
_SEGMENTATION_ONLY = replace(_PAPER, learns="segmentation", masking="none")


def _single_task(
    recipe: Recipe,
    method: SgDepthSettings,
    *,
    name: str,
    summary: str,
    protocols: tuple[str, ...] = ("kitti-eigen-z",),
) -> Recipe:
    """One task: batches of 12 instead of 6 clips and 6 labelled images (section 4)."""
    labels = None if method.learns == "depth" else recipe.data.labels
    data = replace(recipe.data, batch_size=12, labels=labels)
    return replace(recipe, name=name, summary=summary, method=method, data=data, protocols=protocols)


def _resized(recipe: Recipe, *, width: int, height: int) -> Recipe:
    size = f"{width}x{height}"
    data = replace(recipe.data, width=width, height=height)
    return replace(recipe, name=f"{recipe.name}-{size}", summary=recipe.summary.replace("640x192", size), data=data)


_ONLY_DEPTH = _single_task(_FULL, _DEPTH_ONLY, name="sgdepth-depth-only", summary="depth only, 640x192 (table 1)")

_TABLE_1 = (
    _FULL,
    replace(
        _FULL,
        name="sgdepth-resnet50",
        summary="full with ResNet-50, 640x192 (table 1)",
        method=replace(_PAPER, depth_network="resnet50"),
    ),
    _ONLY_DEPTH,
    *(
        _resized(recipe, width=width, height=height)
        for recipe in (_FULL, _ONLY_DEPTH)
        for width, height in ((416, 128), (1280, 384))
    ),
)

_TABLE_2 = tuple(
    replace(
        _FULL,
        name=f"sgdepth-benchmark{name}",
        summary=f"KITTI's depth benchmark, 640x192: full{about} (table 2)",
        method=method,
        data=_BENCHMARK,
        protocols=("kitti-server-one-scale", "kitti-server"),
    )
    for name, about, method in (
        ("", "", _PAPER),
        ("-resnet50", " with ResNet-50", replace(_PAPER, depth_network="resnet50")),
    )
)


def _row(name: str, summary: str, **changes: object) -> Recipe:
    return replace(
        _FULL,
        name=f"sgdepth-{name}",
        summary=f"KITTI split, 640x192: {summary} (table 3)",
        method=replace(_PAPER, **changes),  # type: ignore[arg-type]
        data=_KITTI,
        protocols=("kitti-2015-sgdepth", "miou-kitti-2015", "miou-cityscapes"),
    )


_FULL_KITTI = _row("kitti", "full")
_TABLE_3 = (
    _single_task(
        _FULL_KITTI,
        _SEGMENTATION_ONLY,
        name="sgdepth-segmentation-only",
        summary="KITTI split, 640x192: segmentation only (table 3)",
        protocols=("miou-kitti-2015", "miou-cityscapes"),
    ),
    _single_task(
        _FULL_KITTI,
        _DEPTH_ONLY,
        name="sgdepth-kitti-depth-only",
        summary="KITTI split, 640x192: depth only (table 3)",
        protocols=("kitti-2015-sgdepth",),
    ),
    _row("kitti-multi-task", "both tasks, losses added up", gradient_scale=None, masking="none"),
    _row("kitti-scaled-gradients", "+ scaled gradients", masking="none"),
    _row("kitti-semantic-mask", "+ dynamic classes masked everywhere", masking="all", masking_from=0),
    _row("kitti-threshold", "+ a fixed share of images unmasked", masking="threshold", masking_from=0),
    _FULL_KITTI,
    _row("kitti-resnet50", "full with ResNet-50", depth_network="resnet50"),
)

_SHORT = replace(
    _PAPER,
    depth_network="efficientnet-lite0",
    min_depth=short.MIN_DEPTH,
    max_depth=short.MAX_DEPTH,
    short=Short(measured=True),
)
_SYNTHETIC = replace(short.SYNTHETIC, labels=OWN_CLIPS)

RECIPES = (
    *_TABLE_1,
    *_TABLE_2,
    *_TABLE_3,
    replace(
        _FULL,
        name="sgdepth-as-released",
        summary="full, 640x192: as the authors' code trains (20 epochs, rate drops to 1e-8, masks from 16 to 18)",
        method=replace(_PAPER, masking_from=15, released=AS_RELEASED),
        stages=(Stage(epochs=20, drops=(15,), drop_factor=1e-4),),
    ),
    Recipe(
        name="sgdepth-class-files",
        summary="640x192 clips with class maps given as files instead of a learned head",
        method=replace(_PAPER, learns="depth", class_maps="given"),
        data=DataSettings(use_classes=True),
        stages=_SCHEDULE,
        default_checkpoint="last",
    ),
    Recipe(
        name="sgdepth-video",
        summary="your own video and labelled images (data.labels): EfficientNet-Lite0 with ImageNet weights, 416x128",
        method=_SHORT,
        data=replace(short.VIDEO, batch_size=6, augmentation=Augmentation(scale_crop=1.15, labelled_shrink=1.5)),
        stages=(Stage(epochs=40, learning_rate=2e-4, drops=(32,), warm_up=100),),
        training=short.TRAINING,
    ),
    Recipe(
        name="sgdepth-synthetic",
        summary="192x64 on synthetic drives whose truth gives the labels, minutes on two cores",
        method=replace(_SHORT, masking_from=4, short=Short(measured=True, mask_from_step=100)),
        data=_SYNTHETIC,
        stages=(Stage(epochs=8, learning_rate=3e-4, drops=(6,), warm_up=50),),
        training=short.TRAINING,
    ),
    Recipe(
        name="sgdepth-debug",
        summary="tiny and quick, to test a setup: 96x64, two epochs of two steps, clips with truth",
        method=replace(_PAPER, pretrained=False, masking="threshold", masking_from=0, unmasked_share=0.5),
        data=replace(short.DEBUG, labels=OWN_CLIPS),
        stages=short.DEBUG_STAGES,
        training=short.DEBUG_TRAINING,
    ),
)
