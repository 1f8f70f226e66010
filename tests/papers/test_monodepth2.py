"""Every row of Godard et al. 2019 against the settings that the paper states."""

from typing import Any

import pytest
from tests.papers.rows import PRECISION, differences, protocols, rates, without_a_row

from vection.data.splits.published import NAMED, split_name
from vection.evaluation.depth.protocol import GARG
from vection.evaluation.depth.protocols import get_protocol
from vection.recipes.registry import get_recipe

SECTION_3_3: dict[str, Any] = {
    "method.depth_network": "resnet18",
    "method.pretrained": True,
    "method.ego_motion": "separate",
    "method.min_depth": 0.1,
    "method.max_depth": 100.0,
    "method.ssim_weight": 0.85,  # below eq. 4
    "method.smoothness_weight": 0.001,
    "method.scales": 4,
    "method.reprojection": "minimum",
    "method.mask": "auto",
    "method.multi_scale": "full-resolution",
    "method.temporal": True,
    "method.stereo": False,
    "data.offsets": (-1, 1),  # "a sequence length of three frames"
    "data.batch_size": 12,
    "data.width": 640,
    "data.height": 192,
    "data.augmentation.flip": 0.5,
    "data.augmentation.jitter": 0.5,
    "data.augmentation.brightness": 0.2,
    "data.augmentation.contrast": 0.2,
    "data.augmentation.saturation": 0.2,
    "data.augmentation.hue": 0.1,
    "stages.0.epochs": 20,
    "stages.0.learning_rate": 1e-4,
    "stages.0.drops": (15,),
    "stages.0.drop_factor": 0.1,
    "stages.0.weight_decay": 0.0,  # Adam
    "data.source": "kitti-raw",
    "data.shared_intrinsics": True,  # section 4.1: "the same intrinsics for all images"
    "data.split": "eigen_zhou",
    "default_checkpoint": "last",  # trained for so many epochs; no choice among checkpoints is described
    **PRECISION,
}
MONO, STEREO = "kitti-eigen", "kitti-eigen-stereo"
S = {"method.temporal": False, "method.stereo": True, "data.split": "eigen_full"}
MS = {"method.stereo": True}
WITHOUT_PRETRAINING = {"method.pretrained": False, "stages.0.epochs": 30, "stages.0.drops": (15,)}  # section 4.1.1
HIGH = {  # supplement G, with the authors' scripts
    "data.width": 1024, "data.height": 320, "data.batch_size": 4, "stages.0.epochs": 5, "stages.0.learning_rate": 1e-5,
    "stages.0.drops": (), "start_epoch": 10,
}  # fmt: skip
BASELINE = {"method.reprojection": "average", "method.mask": "none", "method.multi_scale": "per-scale"}
FULL_EIGEN = {"data.split": "eigen_full"}
ODOMETRY = {"data.source": "kitti-odometry", "data.split": "odometry"}

ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Table 1, w/o pretraining, M": ("monodepth2-no-pretraining", MONO, WITHOUT_PRETRAINING),
    "Table 1, M": ("monodepth2", MONO, {"training.snapshot_every": 10}),
    "Table 1, 1024x320, M": ("monodepth2-1024x320", MONO, HIGH | {"starts_after": "monodepth2"}),
    "Table 1, w/o pretraining, S": ("monodepth2-stereo-no-pretraining", STEREO, S | WITHOUT_PRETRAINING),
    "Table 1, S": ("monodepth2-stereo", STEREO, S | {"training.snapshot_every": 10}),
    "Table 1, 1024x320, S": ("monodepth2-stereo-1024x320", STEREO, S | HIGH | {"starts_after": "monodepth2-stereo"}),
    "Table 1, w/o pretraining, MS": ("monodepth2-mono-stereo-no-pretraining", STEREO, MS | WITHOUT_PRETRAINING),
    "Table 1, MS": ("monodepth2-mono-stereo", STEREO, MS | {"training.snapshot_every": 10}),
    "Table 1, 1024x320, MS": (
        "monodepth2-mono-stereo-1024x320", STEREO, MS | HIGH | {"starts_after": "monodepth2-mono-stereo"},
    ),
    "Table 2a, Baseline": ("monodepth2-baseline", MONO, BASELINE),
    "Table 2a, Baseline + min reproj.": (
        "monodepth2-baseline-min-reprojection", MONO, BASELINE | {"method.reprojection": "minimum"},
    ),
    "Table 2a, Baseline + automasking": (
        "monodepth2-baseline-auto-masking", MONO, BASELINE | {"method.mask": "auto"},
    ),
    "Table 2a, Baseline + full-res m.s.": (
        "monodepth2-baseline-full-resolution", MONO, BASELINE | {"method.multi_scale": "full-resolution"},
    ),
    "Table 2a, w/o min reprojection": (
        "monodepth2-without-min-reprojection", MONO, {"method.reprojection": "average"},
    ),
    "Table 2a, w/o auto-masking": ("monodepth2-without-auto-masking", MONO, {"method.mask": "none"}),
    "Table 2a, w/o full-res m.s.": (
        "monodepth2-without-full-resolution", MONO, {"method.multi_scale": "per-scale"},
    ),
    # section 4.1.1: "we replace our auto-masking loss with ... the predictive mask from [76]"
    "Table 2a, with [76]'s mask": ("monodepth2-predictive-mask", MONO, {"method.mask": "predictive"}),
    "Table 2a, smaller": ("monodepth2-416x128", MONO, {"data.width": 416, "data.height": 128}),
    "Table 2b, Baseline w/o pt": ("monodepth2-baseline-no-pretraining", MONO, BASELINE | WITHOUT_PRETRAINING),
    "Table 2c, Baseline": ("monodepth2-baseline-full-eigen", MONO, BASELINE | FULL_EIGEN),
    "Table 2c, Monodepth2": ("monodepth2-full-eigen", MONO, FULL_EIGEN),
    "supplement A, M": ("monodepth2-odometry", "monodepth2-snippets", ODOMETRY),
    "supplement A, M w/o pretraining": (
        "monodepth2-odometry-no-pretraining", "monodepth2-snippets", ODOMETRY | WITHOUT_PRETRAINING,
    ),
    "supplement A, MS": ("monodepth2-mono-stereo-odometry", "monodepth2-snippets", ODOMETRY | MS),
    "supplement A, MS w/o pretraining": (
        "monodepth2-mono-stereo-odometry-no-pretraining", "monodepth2-snippets", ODOMETRY | MS | WITHOUT_PRETRAINING,
    ),
    # section 4.2: "we train models using this new benchmark split"
    "supplement D.3, M": ("monodepth2-benchmark", "kitti-server-one-scale", {"data.split": "benchmark"}),
    "supplement D.3, S": ("monodepth2-stereo-benchmark", "kitti-server", S | {"data.split": "benchmark"}),
    "supplement D.3, MS": ("monodepth2-mono-stereo-benchmark", "kitti-server", MS | {"data.split": "benchmark"}),
    "supplement, ResNet-50": ("monodepth2-resnet50", MONO, {"method.depth_network": "resnet50"}),
    "supplement, ResNet-50 w/o pretraining": (
        "monodepth2-resnet50-no-pretraining", MONO, {"method.depth_network": "resnet50"} | WITHOUT_PRETRAINING,
    ),
}  # fmt: skip
NO_ROWS = {"as-released", "video", "demo", "debug", "waymo", "nuscenes"}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_papers_settings(row: str):
    name, protocol, changes = ROWS[row]
    assert not differences(name, SECTION_3_3 | changes)
    assert get_recipe(name).protocols[0] == protocol
    assert protocols(get_recipe(name))


def test_no_recipe_is_forgotten():
    others = {"lite-mono", "lite-mono-waymo", "lite-mono-nuscenes"} | {f"monodepth2-{name}" for name in NO_ROWS}
    assert without_a_row("monodepth2", (name for name, *_ in ROWS.values())) == others


def test_rates():
    assert rates("monodepth2") == pytest.approx([1e-4] * 15 + [1e-5] * 5)
    assert rates("monodepth2-as-released") == pytest.approx([1e-4] * 14 + [1e-5] * 6)
    assert rates("monodepth2-1024x320") == [1e-5] * 5


def test_lists():
    """Section 4.1: 39,810 monocular triplets for training and 4,424 for validation."""
    lists = NAMED[split_name("eigen_zhou")].lists
    assert (lists["train"].lines, lists["val"].lines, lists["test"].lines) == (39_810, 4_424, 697)


def test_protocols():
    """Section 4.1: cap of 80 m, median scaling of each image for M, none with stereo."""
    mono, stereo = get_protocol(MONO), get_protocol(STEREO)
    assert (mono.truth_below, mono.max_depth, mono.crop, mono.scaling) == (80.0, 80.0, GARG, "median-per-image")
    assert (stereo.scaling, stereo.factor, stereo.crop, stereo.truth_below) == ("none", 5.4, GARG, 80.0)
    assert get_protocol("make3d-c1").truth_below == 70.0  # the evaluation criteria of [15]
