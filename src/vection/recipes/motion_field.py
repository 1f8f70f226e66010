"""Recipes of motion_field: the rows of the paper's tables 1 to 4, at its settings."""

from dataclasses import replace

from vection.methods.motion_field_settings import MotionFieldSettings, Released, Short
from vection.recipes import short
from vection.recipes.recipe import DataSettings, Recipe
from vection.training.augmentation.settings import Augmentation
from vection.training.settings import Stage, TrainingSettings

_PAPER = MotionFieldSettings()
# No colour jitter; the released code crops at random whatever the stored images have beyond the network's size.
_CROP = Augmentation(jitter=0.0, scale_crop=1.15)
_PAIRS = DataSettings(height=128, width=416, offsets=(1,), batch_size=16, augmentation=_CROP, workers=8)
_KITTI_PAIRS = replace(_PAIRS, source="kitti-raw", split="eigen_full", left_only=True)
_WAYMO_PAIRS = replace(_PAIRS, width=480, height=192)

_CITYSCAPES = Recipe(
    name="motion-field",
    summary="416x128 pairs of Cityscapes or other clips: the full model (tables 1 and 2)",
    method=_PAPER,
    data=_PAIRS,
    stages=(Stage(epochs=100, learning_rate=2e-4, drops=()),),  # a million steps, the released code's limit
    training=TrainingSettings(
        steps_per_epoch=10_000, checkpoint_every=1000, gradient_clip=10.0, validation_fraction=0.0
    ),
    default_checkpoint="last",
    protocols=("cityscapes-depth",),
)


def _variant(
    name: str,
    summary: str,
    *,
    data: DataSettings = _PAIRS,
    protocols: tuple[str, ...] = _CITYSCAPES.protocols,
    **changes: object,
) -> Recipe:
    return replace(
        _CITYSCAPES,
        name=f"motion-field-{name}",
        summary=summary,
        method=replace(_PAPER, **changes),  # type: ignore[arg-type]
        data=data,
        protocols=protocols,
    )


def _with_classes(data: DataSettings) -> DataSettings:
    return replace(data, use_classes=True)


# The motion network need not tell forth from back, its first motions are not lost, and the loss does not fall when
# depths disagree: docs/methods/motion_field.md.
_SHORT = replace(
    _PAPER,
    depth_network="efficientnet-lite0",
    motion_channels=(16, 32, 64, 128, 256),
    min_depth=short.MIN_DEPTH,
    max_depth=short.MAX_DEPTH,
    noise_ramp=500,
    short=Short(measured=True, burn_in_share=0.5, motion_start="quick", inverse="derived", average="counted"),
)

RECIPES = (
    _CITYSCAPES,
    _variant("without-depth-input", "416x128: the motion network sees no depth (table 2)", depth_input=False),
    _variant("l1", "416x128: L1 instead of L1/2 (table 2)", sparsity="l1"),
    _variant(
        "with-masks",
        "416x128: objects move within class maps of people and vehicles (table 2)",
        data=_with_classes(_PAIRS),
        object_masks=True,
    ),
    _variant(
        "kitti",
        "416x128 pairs of KITTI, Eigen split (table 3)",
        data=_KITTI_PAIRS,
        protocols=("kitti-eigen-depth",),
    ),
    _variant(
        "waymo", "480x192 pairs of Waymo Open, without masks (table 4)", data=_WAYMO_PAIRS, protocols=("waymo-li",)
    ),
    _variant(
        "waymo-with-masks",
        "480x192 pairs of Waymo Open, with class maps (table 4)",
        data=_with_classes(_WAYMO_PAIRS),
        protocols=("waymo-li",),
        object_masks=True,
    ),
    _variant(
        "youtube",
        "416x128 pairs of any video, intrinsics learned for each (section 4.4)",
        protocols=(),
        intrinsics="per-camera",
    ),
    _variant(
        "per-pair-intrinsics", "416x128, intrinsics predicted from each pair", protocols=(), intrinsics="per-pair"
    ),
    _variant(
        "as-released",
        "416x128: auto-mask over the whole batch, cycle composed as in the authors' code, no crop of 416x128 files, no "
        "near-duplicates",
        data=replace(_PAIRS, augmentation=Augmentation(jitter=0.0), least_change=0.01),
        released=Released(auto_mask="whole-batch", cycle_order="released"),
    ),
    Recipe(
        name="motion-field-video",
        summary="your own video: EfficientNet-Lite0 with ImageNet weights, 416x128, clip folders, measured geometry",
        method=_SHORT,
        data=replace(_PAIRS, batch_size=8, workers=0),
        stages=(Stage(epochs=60, learning_rate=2e-4, drops=(50,), warm_up=100),),
        training=replace(short.TRAINING, gradient_clip=10.0),
    ),
    Recipe(
        name="motion-field-synthetic",
        summary="192x64 on the synthetic street, tens of minutes on two cores",
        # The smoothness of motion is a mean of differences of neighbours: half as many rows, half the weight.
        method=replace(_SHORT, motion_smoothness_weight=short.SYNTHETIC.height / _PAIRS.height),
        data=replace(short.SYNTHETIC, offsets=(1,)),
        stages=(Stage(epochs=40, learning_rate=3e-4, drops=(32,), warm_up=50),),
        training=replace(short.TRAINING, gradient_clip=10.0),
    ),
    Recipe(
        name="motion-field-debug",
        summary="tiny and quick, to test a setup: 96x64, two epochs of two steps",
        method=replace(_PAPER, pretrained=False, motion_channels=(8, 16, 32), burn_in=2, noise_ramp=2),
        data=replace(short.DEBUG, offsets=(1,)),
        stages=short.DEBUG_STAGES,
        training=replace(short.DEBUG_TRAINING, gradient_clip=10.0),
    ),
)
