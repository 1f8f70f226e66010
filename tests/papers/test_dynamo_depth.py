"""Every row of Sun and Hariharan 2023 against the settings that the paper states, its baselines included."""

from dataclasses import replace
from typing import Any

import pytest
from tests.papers.rows import PRECISION, differences, protocols, rates, without_a_row

from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.paths.protocol import get_odometry_protocol
from vection.methods.dynamo_depth_settings import AS_RELEASED, DynamoDepthSettings
from vection.recipes.registry import get_recipe

SECTION_5_AND_B: dict[str, Any] = {
    "method.depth_network": "lite-mono-8m",
    "method.pretrained": True,  # section 5
    "method.motion_encoder": "resnet18",  # B.2: that of Monodepth2's pose network
    "method.ssim_weight": 0.85,  # table 4, alpha
    "method.smoothness_weight": 0.001,  # gamma_sd
    "method.flow_smoothness_weight": 0.001,  # gamma_sc
    "method.mask_smoothness_weight": 0.1,  # gamma_sm
    "method.consistency_weight": 5.0,  # gamma_c
    "method.sparsity_weight": 0.04,  # gamma_m
    "method.ground_weight": 0.1,  # gamma_g
    "method.ramp_steps": 2666,  # B.3
    "method.short.motion_views": "frames",
    "data.offsets": (-1, 1),  # B.3
    "data.batch_size": 12,
    "data.source": "clips",
    "training.steps_per_epoch": 8000,
    "default_checkpoint": "last",
    **PRECISION,
}
WAYMO = {"data.width": 480, "data.height": 320}  # appendix C
NUSCENES = {"data.width": 512, "data.height": 288}
KITTI = {
    "data.width": 640, "data.height": 192, "method.ramp_steps": 8000, "data.source": "kitti-raw",
    "data.split": "eigen_zhou",
}  # fmt: skip
MD2 = {"method.depth_network": "resnet18"}
STAGES = (1, 1, 5, 20)
"""Section 5: depth and complete flow 1 epoch each, motion initialisation 5, the whole system 20."""

ON_WAYMO = ("waymo-historical", "waymo", "motion-segmentation-waymo", "dynamo-snippets")
ON_NUSCENES = ("nuscenes", "nuscenes-day-clear", "motion-segmentation-nuscenes", "dynamo-snippets")
ON_KITTI = ("kitti-eigen-dynamo",)
Row = tuple[str, tuple[str, ...], tuple[int, ...], dict[str, Any]]
ROWS: dict[str, Row] = {
    "Tables 1, 2 and 8, W; Table 3, last": ("dynamo-depth", ON_WAYMO, STAGES, WAYMO),
    "Tables 1, 2 and 8, W (MD2)": ("dynamo-depth-md2", ON_WAYMO, STAGES, WAYMO | MD2),
    "Tables 1, 2, 6 to 8, N": ("dynamo-depth-nuscenes", ON_NUSCENES, STAGES, NUSCENES),
    "Tables 1, 2, 6 to 8, N (MD2)": ("dynamo-depth-md2-nuscenes", ON_NUSCENES, STAGES, NUSCENES | MD2),
    "Tables 1 and 5, K": ("dynamo-depth-kitti", ON_KITTI, STAGES, KITTI),
    "Tables 1 and 5, K (MD2)": ("dynamo-depth-md2-kitti", ON_KITTI, STAGES, KITTI | MD2),
    "Table 3, without L_c": (
        "dynamo-depth-without-consistency", ON_WAYMO, STAGES, WAYMO | {"method.consistency_weight": 0.0},
    ),
    "Table 3, without motion initialisation": (
        "dynamo-depth-without-motion-initialisation", ON_WAYMO, (1, 1, 20), WAYMO,
    ),
    "Table 3, without L_g": ("dynamo-depth-without-ground", ON_WAYMO, STAGES, WAYMO | {"method.ground_weight": 0.0}),
    "Table 3, without ImageNet, [2]": (
        "dynamo-depth-no-pretraining", ON_WAYMO, (2, 1, 5, 20), WAYMO | {"method.pretrained": False},
    ),
}  # fmt: skip
NO_ROWS = {"u-net", "video", "synthetic", "debug"}
RELEASED = [f"dynamo-depth{net}{data}" for net in ("", "-md2") for data in ("", "-nuscenes", "-kitti")]

# The dagger: "manual replication with released code", so schedules are those of the two systems.
MONODEPTH2: dict[str, Any] = {
    "method.depth_network": "resnet18", "method.mask": "auto", "method.reprojection": "minimum",
    "stages.0.epochs": 20, "stages.0.learning_rate": 1e-4, "stages.0.drops": (15,), "stages.0.weight_decay": 0.0,
}  # fmt: skip
LITE_MONO: dict[str, Any] = {  # its README: AdamW, 30 epochs, 1e-4 to 5e-6 (depth) and 1e-5 (pose) along a cosine
    "method.depth_network": "lite-mono-8m", "method.scales": 3, "method.drop_path": 0.2, "method.mask": "auto",
    "stages.0.epochs": 30, "stages.0.learning_rate": 1e-4, "stages.0.fades": True, "stages.0.fades_to": 5e-6,
    "stages.0.pose_fades_to": 1e-5, "stages.0.weight_decay": 1e-2,
}  # fmt: skip
BASELINES = {
    f"{system}-{data}": settings
    | size
    | {"data.source": "clips", "data.batch_size": 12, "training.validation_fraction": 0.0}
    | PRECISION
    for system, settings in (("monodepth2", MONODEPTH2), ("lite-mono", LITE_MONO))
    for data, size in (("waymo", WAYMO), ("nuscenes", NUSCENES))
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_papers_settings(row: str):
    name, protocol, epochs, changes = ROWS[row]
    recipe = get_recipe(name)
    assert not differences(name, SECTION_5_AND_B | changes)
    assert tuple(stage.epochs for stage in recipe.stages) == epochs
    for number in range(len(epochs) - 1):
        assert set(rates(name, number)) == {5e-5}
    assert rates(name, len(epochs) - 1) == pytest.approx([5e-5] * 10 + [2.5e-5] * 10)
    assert recipe.protocols == protocol
    assert protocols(recipe)


@pytest.mark.parametrize("name", BASELINES)
def test_the_baselines_are_the_systems_on_this_data(name: str):
    assert not differences(name, BASELINES[name] | {"default_checkpoint": "last"})
    assert get_recipe(name).protocols[0] == ("waymo-historical" if "waymo" in name else "nuscenes")


def test_rates_of_lite_mono():
    for pose, last in ((False, 5e-6), (True, 1e-5)):
        found = rates("lite-mono", pose=pose)
        assert found[0] == 1e-4
        assert found == sorted(found, reverse=True)
        assert found[15] == pytest.approx((1e-4 + last) / 2)
        assert found[-1] == pytest.approx(last, rel=0.06)


@pytest.mark.parametrize("name", RELEASED)
def test_what_the_code_does_instead(name: str):
    paper, code = get_recipe(name), get_recipe(f"{name}-as-released")
    assert isinstance(code.method, DynamoDepthSettings)
    assert code.method.released == replace(AS_RELEASED, flow_seconds=0.1 if "nuscenes" in name else None)
    assert [stage.learning_rate for stage in code.stages] == [1e-4, 1e-4, 1e-4, 5e-5]
    assert (code.data, code.protocols) == (paper.data, paper.protocols)


def test_no_recipe_is_forgotten():
    rows = (name for name, *_ in ROWS.values())
    others = {f"dynamo-depth-{name}" for name in NO_ROWS} | {f"{name}-as-released" for name in RELEASED}
    assert without_a_row("dynamo_depth", rows) == others


def test_protocols():
    """Appendix C: 2,216, 6,019 and 4,449 images; table 8: snippets of 5 and 100 frames."""
    images = [get_protocol(name).images for name in ("waymo-historical", "nuscenes", "nuscenes-day-clear")]
    assert images == [2216, 6019, 4449]
    assert get_odometry_protocol("dynamo-snippets").snippets == (5, 100)
