"""Recipes of Dynamo-Depth: the rows of its tables 1 to 3, at the paper's settings."""

from dataclasses import replace

from vection.methods.dynamo_depth_settings import (
    ALL,
    AS_RELEASED,
    DEPTH,
    FLOW,
    MASK,
    DynamoDepthSettings,
    Released,
    Short,
)
from vection.recipes import short
from vection.recipes.recipe import DataSettings, Recipe
from vection.training.settings import Stage, TrainingSettings

_RIGID = ("depth_network", "ego_motion", "cameras")
_FLOW = ("motion_encoder", "flow_decoder")
# Of what the first stage trained the paper freezes depth alone here, so the camera goes on learning, as released.
_MASK = ("ego_motion", "cameras", *_FLOW, "mask_decoder")


def _stages(
    *epochs: int, rate: float = 5e-5, last_rate: float = 5e-5, drop: int = 10, factor: float = 0.5, warm_up: int = 0
) -> tuple[Stage, ...]:
    """Depth, complete flow, motion mask, all (section 5); the rate of the last stage drops after `drop` epochs.

    It rises over `warm_up` steps, but no more than a tenth of a short stage.
    """
    names = (DEPTH, FLOW, MASK, ALL)
    parts: tuple[tuple[str, ...], ...] = (_RIGID, _FLOW, _MASK, ())
    return tuple(
        Stage(
            name,
            epochs=count,
            learning_rate=last_rate if name == ALL else rate,
            drops=(drop,) if name == ALL else (),
            drop_factor=factor,
            warm_up=min(warm_up, count * (short.TRAINING.steps_per_epoch or 0) // 10),
            trains=trains,
        )
        for name, count, trains in zip(names, epochs, parts, strict=True)
        if count > 0
    )


_PAPER = DynamoDepthSettings()
_WAYMO = Recipe(
    name="dynamo-depth",
    summary="Waymo Open, 480x320, Lite-Mono-8m: the full model (tables 1 to 3)",
    method=_PAPER,
    data=DataSettings(height=320, width=480, workers=8),
    stages=_stages(1, 1, 5, 20),
    training=TrainingSettings(steps_per_epoch=8000, validation_fraction=0.0),
    default_checkpoint="last",
    protocols=("waymo-historical", "waymo", "motion-segmentation-waymo", "dynamo-snippets"),
)
_KITTI = DataSettings(source="kitti-raw", split="eigen_zhou", shared_intrinsics=True, workers=8)


def _with_resnet(recipe: Recipe, *, name: str) -> Recipe:
    assert isinstance(recipe.method, DynamoDepthSettings)
    return replace(
        recipe,
        name=name,
        summary=recipe.summary.replace("Lite-Mono-8m", "ResNet-18 (MD2)").replace("1 to 3", "1 and 2"),
        method=replace(recipe.method, depth_network="resnet18"),
    )


def _variant(name: str, summary: str, **changes: object) -> Recipe:
    return replace(
        _WAYMO,
        name=f"dynamo-depth-{name}",
        summary=f"Waymo Open, 480x320: {summary}",
        method=replace(_PAPER, **changes),  # type: ignore[arg-type]
    )


_NUSCENES = replace(
    _WAYMO,
    name="dynamo-depth-nuscenes",
    summary="nuScenes, 512x288, Lite-Mono-8m (tables 1 and 2)",
    data=replace(_WAYMO.data, height=288, width=512),
    protocols=("nuscenes", "nuscenes-day-clear", "motion-segmentation-nuscenes", "dynamo-snippets"),
)
_EIGEN = replace(
    _WAYMO,
    name="dynamo-depth-kitti",
    summary="KITTI, 640x192, Lite-Mono-8m; a longer ramp, as few objects move (table 1)",
    method=replace(_PAPER, ramp_steps=8000),
    data=_KITTI,
    protocols=("kitti-eigen-dynamo",),
)
_TABLES_1_AND_2 = tuple(
    row
    for lite, name in (
        (_WAYMO, "dynamo-depth-md2"),
        (_NUSCENES, "dynamo-depth-md2-nuscenes"),
        (_EIGEN, "dynamo-depth-md2-kitti"),
    )
    for row in (lite, _with_resnet(lite, name=name))
)


def _as_released(recipe: Recipe) -> Recipe:
    """As the authors' code trains; KITTI's ramp is set by hand there, too, and nuScenes' flow is a velocity."""
    released = replace(AS_RELEASED, flow_seconds=0.1) if "nuscenes" in recipe.name else AS_RELEASED
    assert isinstance(recipe.method, DynamoDepthSettings)
    return replace(
        recipe,
        name=f"{recipe.name}-as-released",
        summary=f"{recipe.name} as the authors' code trains: {recipe.data.width}x{recipe.data.height}",
        method=replace(recipe.method, released=released),
        stages=_stages(1, 1, 5, 20, rate=1e-4),
    )


# All that is measured in units of depth is a third, like the range of depth (see recipes/short.py). Three images
# tell what moves better than two. More than half of the epochs are depth's alone: once flow and mask act they explain
# what is still wrong with it, and it hardly learns any more. Flow that is a multiple of depth says in pixels what
# stands still, not in depths, where far pixels own the mean.
_SHORT = replace(
    _PAPER,
    depth_network="efficientnet-lite0",
    motion_encoder="efficientnet-lite0",
    min_depth=short.MIN_DEPTH,
    max_depth=short.MAX_DEPTH,
    ground_tolerance=0.0015,
    released=Released(motion_images="three", static="pixels"),
    short=Short(
        measured=True,
        measured_mask_weight=0.3,
        mask_from_step=100,
        ramp_share=1 / 3,
        motion_start="still",
        mask_start="matched",
        mask_factor=0.1,
        motion_views="stabilised",
    ),
)

RECIPES: tuple[Recipe, ...] = (
    *_TABLES_1_AND_2,
    _variant("without-consistency", "complete flow is free where nothing moves (table 3)", consistency_weight=0.0),
    replace(
        _variant("without-motion-initialisation", "no stage for the motion mask (table 3)"),
        stages=_stages(1, 1, 0, 20),
    ),
    _variant("without-ground", "points may lie below the ground (table 3)", ground_weight=0.0),
    replace(
        _variant("no-pretraining", "no ImageNet weights, two epochs of depth (table 3)", pretrained=False),
        stages=_stages(2, 1, 5, 20),
    ),
    _variant(
        "u-net",
        "flow and mask by Monodepth2's decoder, as the paper's text has it",
        released=Released(motion_decoder="u-net"),
    ),
    *(_as_released(recipe) for recipe in _TABLES_1_AND_2),
    Recipe(
        name="dynamo-depth-video",
        summary="your own video: EfficientNet-Lite0 with ImageNet weights, 416x128, clip folders, hours on two cores",
        method=_SHORT,
        data=short.VIDEO,
        stages=_stages(36, 5, 9, 20, rate=2e-4, last_rate=1e-4, drop=14, warm_up=100),
        training=short.TRAINING,
    ),
    Recipe(
        name="dynamo-depth-synthetic",
        summary="192x64 on the synthetic street, tens of minutes on two cores",
        method=_SHORT,
        data=short.SYNTHETIC,
        stages=_stages(16, 2, 4, 8, rate=3e-4, last_rate=1.5e-4, drop=6, warm_up=50),
        training=short.TRAINING,
    ),
    Recipe(
        name="dynamo-depth-debug",
        summary="tiny and quick, to test a setup: 96x64, all four stages, one epoch of one step each",
        method=replace(
            _PAPER,
            depth_network="lite-mono-tiny",
            motion_encoder="efficientnet-lite0",
            pretrained=False,
            ramp_steps=0,
        ),
        data=short.DEBUG,
        stages=_stages(1, 1, 1, 1),
        training=replace(short.DEBUG_TRAINING, steps_per_epoch=1),
    ),
)
