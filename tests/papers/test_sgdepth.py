"""Every row of Klingner et al. 2020 against the settings that the paper states."""

from typing import Any

import pytest
from tests.papers.rows import PRECISION, differences, protocols, rates, without_a_row

from vection.evaluation.depth.protocol import GARG
from vection.evaluation.depth.protocols import get_protocol
from vection.recipes.registry import get_recipe

SECTION_4: dict[str, Any] = {
    "method.depth_network": "resnet18",
    "method.pretrained": True,
    "method.min_depth": 0.1,
    "method.max_depth": 100.0,
    "method.normalisation": "imagenet",  # "the zero-mean normalization ... of the ResNet encoder"
    "method.scales": 4,
    "method.ssim_weight": 0.85,  # alpha of eq. 3
    "method.smoothness_weight": 1e-3,  # beta of eq. 11, as in [20]
    "method.gradient_scale": 0.1,  # lambda of eq. 6
    "method.learns": "depth-and-segmentation",
    "method.masking": "scheduled",
    "method.masking_from": 30,
    "data.batch_size": 6,
    "data.width": 640,
    "data.height": 192,
    "data.offsets": (-1, 1),
    "data.augmentation.flip": 0.5,
    "data.augmentation.brightness": 0.2,
    "data.augmentation.contrast": 0.2,
    "data.augmentation.saturation": 0.2,
    "data.augmentation.hue": 0.1,
    "data.source": "kitti-raw",
    "data.split": "eigen_zhou",  # "following [71] in removing static scenes"
    "data.labels": "cityscapes",
    "data.shared_intrinsics": True,
    "stages.0.epochs": 40,
    "stages.0.learning_rate": 1e-4,
    "stages.0.drops": (30,),
    "stages.0.drop_factor": 0.1,
    "stages.0.weight_decay": 0.0,  # Adam
    "default_checkpoint": "last",  # no choice among checkpoints is described
    **PRECISION,
}
R50 = {"method.depth_network": "resnet50"}
DEPTH = {"method.learns": "depth", "method.masking": "none", "data.labels": None, "data.batch_size": 12}
SEGMENTATION = {"method.learns": "segmentation", "method.masking": "none", "data.batch_size": 12}
BENCHMARK, KITTI = {"data.split": "benchmark"}, {"data.split": "kitti"}
SMALL, LARGE = {"data.width": 416, "data.height": 128}, {"data.width": 1280, "data.height": 384}

EIGEN, SERVER = ("kitti-eigen-z",), ("kitti-server-one-scale", "kitti-server")
MIOU = ("miou-kitti-2015", "miou-cityscapes")
BOTH = ("kitti-2015-sgdepth", *MIOU)
ROWS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "Table 1, only depth, 416x128": ("sgdepth-depth-only-416x128", EIGEN, DEPTH | SMALL),
    "Table 1, full, 416x128": ("sgdepth-416x128", EIGEN, SMALL),
    "Table 1, only depth, 640x192": ("sgdepth-depth-only", EIGEN, DEPTH),
    "Table 1, full, 640x192": ("sgdepth", EIGEN, {}),
    "Table 1, full, ResNet50": ("sgdepth-resnet50", EIGEN, R50),
    "Table 1, only depth, 1280x384": ("sgdepth-depth-only-1280x384", EIGEN, DEPTH | LARGE),
    "Table 1, full, 1280x384": ("sgdepth-1280x384", EIGEN, LARGE),
    "Table 2, full, ResNet50": ("sgdepth-benchmark-resnet50", SERVER, BENCHMARK | R50),
    "Table 2, full": ("sgdepth-benchmark", SERVER, BENCHMARK),
    "Table 3, only segmentation": ("sgdepth-segmentation-only", MIOU, KITTI | SEGMENTATION),
    "Table 3, only depth": ("sgdepth-kitti-depth-only", ("kitti-2015-sgdepth",), KITTI | DEPTH),
    "Table 3, add multi-task training": (
        "sgdepth-kitti-multi-task", BOTH, KITTI | {"method.gradient_scale": None, "method.masking": "none"},
    ),
    "Table 3, add scaled gradients": ("sgdepth-kitti-scaled-gradients", BOTH, KITTI | {"method.masking": "none"}),
    "Table 3, add semantic mask": (
        "sgdepth-kitti-semantic-mask", BOTH, KITTI | {"method.masking": "all", "method.masking_from": 0},
    ),
    "Table 3, add threshold": (
        "sgdepth-kitti-threshold", BOTH, KITTI | {"method.masking": "threshold", "method.masking_from": 0},
    ),
    "Table 3, full": ("sgdepth-kitti", BOTH, KITTI),
    "Table 3, full, ResNet50": ("sgdepth-kitti-resnet50", BOTH, KITTI | R50),
}  # fmt: skip
NO_ROWS = {"as-released", "class-files", "video", "synthetic", "debug"}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_papers_settings(row: str):
    name, protocol, changes = ROWS[row]
    assert not differences(name, SECTION_4 | changes)
    assert get_recipe(name).protocols == protocol
    assert protocols(get_recipe(name))


def test_no_recipe_is_forgotten():
    rows = (name for name, *_ in ROWS.values())
    assert without_a_row("sgdepth", rows) == {f"sgdepth-{name}" for name in NO_ROWS}


def test_rates():
    assert rates("sgdepth") == pytest.approx([1e-4] * 30 + [1e-5] * 10)
    assert rates("sgdepth-as-released") == pytest.approx([1e-4] * 15 + [1e-8] * 5)


def test_protocols():
    """Section 4: median scaling as in [71]; Table 2: no scaling but one scale that the validation split gives."""
    eigen, server, found = (get_protocol(name) for name in (*EIGEN, "kitti-server", "kitti-server-one-scale"))
    assert (eigen.crop, eigen.truth_below, eigen.scaling) == (GARG, 80.0, "median-per-image")
    assert (server.server, server.scaling, found.scaling) == (True, "none", "one-scale")
    assert get_protocol("kitti-2015-sgdepth").images == 200  # the training set of KITTI 2015
