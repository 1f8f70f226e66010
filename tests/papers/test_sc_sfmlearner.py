"""Every row of Bian et al. 2019 against the settings that the paper states."""

from dataclasses import replace
from typing import Any

import pytest
from tests.papers.rows import PRECISION, differences, protocols, rates, without_a_row

from vection.evaluation.depth.protocol import GARG
from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.paths.protocol import get_odometry_protocol
from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe

SECTION_4_1: dict[str, Any] = {
    "method.pretrained": False,  # no ImageNet weights are mentioned
    "method.depth_network": "dispresnet",
    "method.ego_motion": "posenet",
    "method.scales": 1,  # "only compute the loss on the finest output"
    "method.photometric_weight": 1.0,  # alpha
    "method.smoothness_weight": 0.1,  # beta
    "method.geometry_weight": 0.5,  # gamma
    "method.ssim_weight": 0.85,  # lambda_s of eq. 3; lambda_i = 0.15
    "method.self_discovered_mask": True,  # eq. 7
    "method.short.motion_back": "second-pass",
    "method.released.smoothness": "first-order",  # eq. 4 prints a square, which no version of the code has
    "method.released.smooth_depth": "raw",
    "data.offsets": (-1, 1),  # three sequential frames, the second is the reference
    "data.batch_size": 4,
    "data.width": 832,
    "data.height": 256,
    "data.augmentation.flip": 0.5,
    "data.augmentation.jitter": 0.0,
    "data.augmentation.scale_crop": 1.15,
    "stages.0.learning_rate": 1e-4,
    "stages.0.drops": (),
    "stages.0.epochs": 200,
    "stages.0.weight_decay": 0.0,  # Adam
    "training.steps_per_epoch": 1000,
    "data.source": "kitti-raw",
    "data.split": "eigen_zhou",
    "data.shared_intrinsics": False,
    "default_checkpoint": "best",  # "validate the model at per epoch"
    **PRECISION,
}
SMALL = {"method.depth_network": "dispnet", "data.width": 416, "data.height": 128}  # section 4.3
BASIC = SMALL | {"method.ssim_weight": 0.0, "method.self_discovered_mask": False, "method.geometry_weight": 0.0}
SSIM = BASIC | {"method.ssim_weight": 0.85}
GC = SSIM | {"method.geometry_weight": 0.5}
FOUR = {"method.scales": 4}
CLIPS = {"data.source": "clips", "data.split": None}
FROM_CITYSCAPES = {"starts_after": "sc-sfmlearner-cityscapes", "start_epoch": None}

DEPTH, PATHS = "kitti-eigen-depth", "sc-sfmlearner"
ROWS: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "Table 1, K": ("sc-sfmlearner", DEPTH, {}),
    # section 4.1: "pre-train the network on CityScapes and finetune on KITTI, each for 200 epochs"
    "Tables 1 and 2, CS": ("sc-sfmlearner-cityscapes", None, CLIPS | {"data.offsets": (-2, 2)}),
    "Table 1, CS+K": ("sc-sfmlearner-cityscapes-first", DEPTH, FROM_CITYSCAPES),
    "Table 2, K": ("sc-sfmlearner-odometry", PATHS, CLIPS),
    "Table 2, CS+K": ("sc-sfmlearner-odometry-cityscapes-first", PATHS, CLIPS | FROM_CITYSCAPES),
    "Table 3, Basic": ("sc-sfmlearner-basic", DEPTH, BASIC),
    "Table 3, Basic (4)": ("sc-sfmlearner-basic-4-scales", DEPTH, BASIC | FOUR),
    "Table 3, Basic+SSIM": ("sc-sfmlearner-basic-ssim", DEPTH, SSIM),
    "Table 3, Basic+SSIM (4)": ("sc-sfmlearner-basic-ssim-4-scales", DEPTH, SSIM | FOUR),
    "Table 3, Basic+SSIM+GC": ("sc-sfmlearner-basic-ssim-gc", DEPTH, GC),
    "Table 3, Basic+SSIM+GC (4)": ("sc-sfmlearner-basic-ssim-gc-4-scales", DEPTH, GC | FOUR),
    "Table 3, Basic+SSIM+GC+M": ("sc-sfmlearner-dispnet-416x128", DEPTH, SMALL),
    "Table 3, Basic+SSIM+GC+M (4)": ("sc-sfmlearner-4-scales", DEPTH, SMALL | FOUR),
    "Table 4, 1": ("sc-sfmlearner-dispnet-416x128", DEPTH, SMALL),
    "Table 4, 2": ("sc-sfmlearner-2-scales", DEPTH, SMALL | {"method.scales": 2}),
    "Table 4, 3": ("sc-sfmlearner-3-scales", DEPTH, SMALL | {"method.scales": 3}),
    "Table 4, 4": ("sc-sfmlearner-4-scales", DEPTH, SMALL | FOUR),
    "Table 5, DispNet 416x128": ("sc-sfmlearner-dispnet-416x128", DEPTH, SMALL),
    "Table 5, DispResNet 416x128": (
        "sc-sfmlearner-dispresnet-416x128", DEPTH, {"data.width": 416, "data.height": 128},
    ),
    "Table 5, DispNet 832x256": ("sc-sfmlearner-dispnet-832x256", DEPTH, {"method.depth_network": "dispnet"}),
    "Table 5, DispResNet 832x256": ("sc-sfmlearner", DEPTH, {}),
}  # fmt: skip
NO_ROWS = {"as-printed", "as-released", "as-released-resnet50", "video", "synthetic", "debug"}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_papers_settings(row: str):
    name, protocol, changes = ROWS[row]
    assert not differences(name, SECTION_4_1 | changes)
    assert get_recipe(name).protocols == (() if protocol is None else (protocol,))
    assert protocols(get_recipe(name)) or protocol is None


def test_no_recipe_is_forgotten():
    rows = (name for name, *_ in ROWS.values())
    assert without_a_row("sc_sfmlearner", rows) == {f"sc-sfmlearner-{name}" for name in NO_ROWS}


def test_rates():
    assert rates("sc-sfmlearner") == [1e-4] * 200


def test_as_printed_is_the_square_of_eq_4_alone():
    assert not differences("sc-sfmlearner-as-printed", SECTION_4_1 | {"method.released.smoothness": "squared"})


def test_parameters():
    """Table 6: 80.88M of the depth network and 1.59M of the pose network (two heads that nobody reads are left out)."""
    method = build_method(replace(get_recipe("sc-sfmlearner").method, pretrained=False))
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in method.named_children()}
    assert (round(counts["depth_network"] / 1e6, 2), round(counts["ego_motion"] / 1e6, 2)) == (80.88, 1.59)


@pytest.mark.parametrize("name", ["as-released", "as-released-resnet50"])
def test_the_later_code_resizes_disparity(name: str):
    [protocol] = get_recipe(f"sc-sfmlearner-{name}").protocols
    assert get_protocol(protocol).resize == "inverse-depth"


def test_protocols():
    """Section 4.2: Eigen et al.'s metrics; one scale for a whole path, without ORB-SLAM's first 9 and 30 frames."""
    depth = get_protocol(DEPTH)
    assert (depth.truth_below, depth.crop, depth.scaling, depth.resize) == (80.0, GARG, "median-per-image", "depth")
    paths = get_odometry_protocol(PATHS)
    assert paths.alignments[0] == "scale"
    assert dict(paths.left_out) == {"09": 9, "10": 30}
