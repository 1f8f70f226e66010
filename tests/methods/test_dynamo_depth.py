from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, camera
from tests.methods.test_monodepth2 import make_batch
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.camera import backproject
from vection.geometry.flow import ego_flow, object_flow, points_in_source
from vection.geometry.rigid import invert, rotate_back
from vection.methods.dynamo_depth import DynamoDepth, DynamoDepthSettings
from vection.methods.dynamo_depth_settings import AS_RELEASED
from vection.methods.method import Progress, changed
from vection.networks.motion.scene_flow import Around
from vection.samples import Batch
from vection.training.stage_run import freeze_all_but

QUICK = DynamoDepthSettings(
    pretrained=False,
    depth_network="lite-mono-tiny",
    motion_encoder="efficientnet-lite0",
    drop_path=0.0,
    ramp_steps=0,
)
RELEASED: dict[str, Any] = {"released": replace(AS_RELEASED, frozen_parts="still")}
STABILISED: dict[str, Any] = {"motion_images": "three", "motion_views": "stabilised"}
RIGID = {"photometric", "smoothness"}
MOTION = {"flow_smoothness", "consistency", "sparsity", "mask_smoothness"}
STAGES = {
    "depth": RIGID,
    "scene-flow": {"photometric", "flow_smoothness"},
    "motion-mask": {"photometric"} | MOTION,
    "all": RIGID | MOTION | {"ground"},
}


def make_method(**changes: Any) -> DynamoDepth:
    torch.manual_seed(0)
    return DynamoDepth(changed(QUICK, **changes))


def loss_terms(method: DynamoDepth, batch: Batch, stage: str = "all", **progress: int) -> dict[str, Tensor]:
    torch.manual_seed(7)  # the samples of the ground, and the noise that breaks ties
    return method.training_loss(batch, Progress(stage, **progress))


VARIANTS: list[dict[str, Any]] = [
    {},
    RELEASED,
    {"motion_decoder": "u-net"},
    {"depth_network": "efficientnet-lite0", "intrinsics": "per-pair"},
    STABILISED,
]


@pytest.mark.parametrize("changes", VARIANTS, ids=["paper", "released", "u-net", "per-pair", "stabilised"])
def test_every_variant_teaches_every_parameter(changes: dict[str, Any]):
    method = make_method(**changes).train()
    terms = loss_terms(method, make_batch())
    assert set(terms) == STAGES["all"]
    assert all(term.isfinite() for term in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        # At the start, layer scales of 1e-6 leave hardly anything of the blocks' gradients.
        if not name.startswith("depth.encoder.stages"):
            assert parameter.grad.abs().sum() > 0, name


TRAINED = {
    "depth": {"depth_network", "ego_motion"},
    "scene-flow": {"depth_network", "motion_encoder", "flow_decoder"},
    "motion-mask": {"depth_network", "ego_motion", "motion_encoder", "flow_decoder", "mask_decoder"},
}


@pytest.mark.parametrize("stage", TRAINED)
def test_what_a_stage_computes(stage: str):
    method = make_method().train()
    terms = loss_terms(method, make_batch(), stage)
    assert set(terms) == STAGES[stage]
    torch.stack(list(terms.values())).sum().backward()
    reached = {name.split(".")[0] for name, one in method.named_parameters() if one.grad is not None and one.grad.any()}
    assert reached == TRAINED[stage]  # before the trainer freezes any


def test_terms_of_flow_and_mask_rise_in_every_stage():
    method = make_method(ramp_steps=100).eval()
    batch = make_batch()
    with torch.no_grad():
        start, half, end = (loss_terms(method, batch, step=step, total_step=900) for step in (0, 50, 200))
    for name in MOTION:
        assert start[name] == 0
        torch.testing.assert_close(2 * half[name], end[name])
    for name in RIGID | {"ground"}:
        assert torch.equal(start[name], end[name])


def test_the_ramp_may_be_a_share_of_the_stage():
    method = make_method(ramp_steps=7, ramp_share=0.25)
    ramps = [method.settings.ramp(Progress(step=step, steps=80)) for step in (0, 10, 20, 79)]
    assert ramps == [0, 0.5, 1, 1]
    assert make_method(ramp_steps=40).settings.ramp(Progress(step=10, steps=80)) == 0.25


def test_the_mask_may_begin_at_what_the_matching_finds():
    image = torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    around = torch.stack([image.roll(shift, dims=-1) for shift in (-4, 4)], dim=1)
    shifted = replace(make_batch(), target_jittered=image, sources_jittered=around)
    masks = []
    for start in ("half", "matched"):
        method = make_method(**STABILISED, motion_start="still", mask_start=start, mask_factor=0.1).eval()
        for name, parameter in method.ego_motion.decoder.named_parameters():
            if name.startswith("head"):
                torch.nn.init.zeros_(parameter)  # the camera stands
        with torch.no_grad():
            masks.append(method._predict(shifted, "all")[0].logits[0].sigmoid())
    assert torch.equal(masks[0], torch.full_like(masks[0], 0.5))
    assert masks[1].mean() > 0.8


def test_only_the_first_stage_masks_still_pixels():
    method = make_method().eval()
    batch = make_batch()
    still = replace(batch, sources=batch.target[:, None].repeat(1, 2, 1, 1, 1))
    with torch.no_grad():
        masked = loss_terms(method, still, "depth")["photometric"]
        later = loss_terms(replace_settings(method, mask_from_step=10), still, "depth")["photometric"]
        joint = loss_terms(method, still)["photometric"]
    assert float(masked) < 1e-4 < float(later)
    assert float(joint) > 1e-4


def replace_settings(method: DynamoDepth, **changes: Any) -> DynamoDepth:
    method.settings = changed(method.settings, **changes)
    return method


def test_table_4():
    weights = DynamoDepthSettings().weights("all")
    assert weights == {
        "photometric": 1.0, "smoothness": 1e-3, "flow_smoothness": 1e-3, "mask_smoothness": 0.1,
        "consistency": 5.0, "sparsity": 0.04, "ground": 0.1,
    }  # fmt: skip
    assert DynamoDepthSettings().ssim_weight == 0.85


@pytest.mark.parametrize("order", ["in-time", "source-first"])
def test_motion_in_the_loss_is_that_of_the_prediction(order: str):
    method = make_method(pair_order=order).eval()
    batch = make_batch()
    with torch.no_grad():
        predicted, _ = method._predict(batch, "depth")
        to_future = method.predict_motion(batch.target, batch.sources[:, 1]).ego
        from_past = method.predict_motion(batch.sources[:, 0], batch.target).ego
        back = method._step(batch.target, batch.sources[:, 0], past=True).T_first_to_second
    torch.testing.assert_close(predicted.transforms[:, 1], to_future, atol=1e-6, rtol=0)
    torch.testing.assert_close(predicted.transforms[:, 0], back, atol=1e-6, rtol=0)
    in_time = torch.allclose(back, invert(from_past), atol=1e-6)
    assert in_time == (order == "in-time")  # otherwise the network sees the target second


def test_three_images_need_no_frame_before():
    batch = make_batch()
    for images in ("two", "three"):
        method = make_method(motion_images=images).eval()
        with torch.no_grad():
            alone = method.predict_motion(batch.target, batch.sources[:, 1])
            both = method.predict_motion(batch.target, batch.sources[:, 1], before=batch.sources[:, 0])
            predicted, _ = method._predict(batch, "all")
        assert torch.equal(alone.ego, both.ego)
        assert both.object_flow is None  # without intrinsics nobody knows the ego flow
        assert both.moving is not None
        torch.testing.assert_close(both.moving, predicted.logits[0].sigmoid(), atol=1e-6, rtol=0)
        assert not torch.equal(both.moving, alone.moving)


def test_stabilised_views_need_the_camera_and_are_those_of_training():
    method = make_method(**STABILISED).eval()
    with torch.no_grad():
        method.ego_motion.decoder.head.weight.mul_(50)  # turn and move by visible amounts
    batch = make_batch()
    with torch.no_grad():
        alone = method.predict_motion(batch.target, batch.sources[:, 1], before=batch.sources[:, 0])
        motion = method.predict_motion(
            batch.target, batch.sources[:, 1], before=batch.sources[:, 0], intrinsics=batch.intrinsics
        )
        first = method.predict_motion(batch.target, batch.sources[:, 1], intrinsics=batch.intrinsics)
        predicted, _ = method._predict(batch, "all")
        depth = method.predict_depth(batch.target)
    assert first.object_flow is not None  # of a batch's first frame: only the next one is matched
    assert first.object_flow.isfinite().all()
    assert alone.moving is None
    assert motion.moving is not None
    assert motion.object_flow is not None
    torch.testing.assert_close(motion.moving, predicted.logits[0].sigmoid(), atol=1e-5, rtol=0)
    # What is left over of the scene flow is the objects' own.
    torch.testing.assert_close(
        motion.object_flow,
        rotate_back(motion.moving * depth * predicted.flows[0], motion.ego[:, :3, :3]),
        atol=1e-5,
        rtol=1e-4,
    )


@pytest.mark.parametrize("order", ["ego-first", "object-first"])
def test_object_flow_is_in_the_first_camera_s_coordinates(order: str):
    method = make_method(flow_order=order).eval()
    batch = make_batch()
    K = camera(2)
    with torch.no_grad():
        method.ego_motion.decoder.head.weight.mul_(50)  # turn by a visible angle
        motion = method.predict_motion(batch.target, batch.sources[:, 1], intrinsics=K)
        predicted, _ = method._predict(batch, "all")
        depth = method.predict_depth(batch.target)
        alone = method.predict_motion(batch.target, batch.sources[:, 1])
    assert alone.object_flow is None
    assert motion.object_flow is not None
    assert motion.moving is not None
    points = backproject(depth, K)
    # A point that moves by the object's flow in the first camera's coordinates, and is then seen by the second camera,
    # lies where training put it.
    around = Around(
        batch.target, batch.target, batch.sources[:, 1], steps=torch.ones(2, 1), even=torch.zeros(2, dtype=torch.bool)
    )
    flow = method._scene_flow(around, motion.ego[:, None], K).flows
    own = object_flow(flow[0], ego_flow(points, motion.ego), motion.moving)
    trained = points_in_source(points, motion.ego, own, order=order)
    seen = points_in_source(points + motion.object_flow, motion.ego, None)
    torch.testing.assert_close(seen, trained, atol=1e-4, rtol=1e-4)
    assert predicted.transforms.shape == (2, 2, 4, 4)


def test_predicted_intrinsics_give_object_flow():
    method = make_method(intrinsics="per-pair").eval()
    batch = make_batch()
    with torch.no_grad():
        motion = method.predict_motion(batch.target, batch.sources[:, 1])
    assert method.learns_intrinsics
    assert motion.intrinsics is not None
    assert motion.intrinsics.shape == (2, 3, 3)
    assert motion.object_flow is not None
    assert motion.object_flow.shape == (2, 3, HEIGHT, WIDTH)


def test_the_flow_of_the_past_is_turned_round_and_follows_the_time():
    method = make_method().eval()
    batch = make_batch()
    late = replace(batch, seconds=torch.tensor([[-0.3, 0.1]]).repeat(2, 1))
    with torch.no_grad():
        even, _ = method._predict(batch, "all")
        uneven, _ = method._predict(late, "all")
    assert even.steps.tolist() == [[-1, 1]] * 2
    torch.testing.assert_close(uneven.steps, torch.tensor([[-3.0, 1.0]] * 2))


def test_the_flow_of_a_fixed_time_is_a_velocity():
    """As released on nuScenes: what the decoders say is multiplied by the time over 100 ms."""
    method = make_method(flow_seconds=0.1).eval()
    batch = make_batch()
    with torch.no_grad():
        predicted, _ = method._predict(replace(batch, seconds=torch.tensor([[-0.15, 0.05]]).repeat(2, 1)), "all")
        even, _ = method._predict(batch, "all")
        flows = {
            gap: method.predict_motion(
                batch.target,
                batch.sources[:, 1],
                before=batch.sources[:, 0],
                intrinsics=batch.intrinsics,
                seconds=None if gap is None else torch.tensor([[-0.1, gap]]).repeat(2, 1),
            ).object_flow
            for gap in (None, 0.1, 0.05, 0.2)
        }
    torch.testing.assert_close(predicted.steps, torch.tensor([[-1.5, 0.5]] * 2))
    torch.testing.assert_close(predicted.flows, even.flows)  # they start from the step's motion, whatever its time
    torch.testing.assert_close(flows[None], flows[0.1])
    assert (flows[0.2] - flows[0.1]).abs().max() > 0
    torch.testing.assert_close(flows[0.2] - flows[0.1], 2 * (flows[0.1] - flows[0.05]))
    with pytest.raises(UsageError, match="flow_seconds=None"):
        make_method(flow_seconds=0.1, **STABILISED)


@pytest.mark.parametrize("start", ["still", "rigid"])
def test_starts_that_would_do_nothing_are_refused(start: str):
    with pytest.raises(UsageError, match=f"`motion_start=random` instead of {start}"):
        make_method(motion_decoder="u-net", motion_start=start)
    with pytest.raises(UsageError, match="`motion_views=stabilised`"):
        make_method(mask_start="matched", motion_start=start)


def test_how_objects_move_is_learned_from_the_stage_of_the_mask_on():
    learned = {stage: QUICK.learned(Progress(stage, step=1)).object_motion for stage in DynamoDepth.stages}
    assert learned == {"depth": False, "scene-flow": False, "motion-mask": True, "all": True}


def test_prediction_starts_from_true_times_as_training_does():
    method = make_method().eval()
    batch = make_batch()
    uneven = torch.tensor([[-0.3, 0.1]]).repeat(2, 1)

    def flow(seconds: Tensor | None) -> Tensor:
        with torch.no_grad():
            motion = method.predict_motion(
                batch.target,
                batch.sources[:, 1],
                before=batch.sources[:, 0],
                intrinsics=batch.intrinsics,
                seconds=seconds,
            )
        assert motion.object_flow is not None
        return motion.object_flow

    with torch.no_grad():
        predicted, _ = method._predict(replace(batch, seconds=uneven), "all")
        points = backproject(method.predict_depth(batch.target), batch.intrinsics)
        ego = ego_flow(points, predicted.transforms[:, 1])
        expected = object_flow(predicted.flows[0], ego, predicted.logits[0].sigmoid())
    torch.testing.assert_close(flow(uneven), rotate_back(expected, predicted.transforms[:, 1, :3, :3]))
    torch.testing.assert_close(flow(None), flow(uneven / uneven.abs()))
    assert (flow(None) - flow(uneven)).abs().max() > 0


def test_exchanging_the_sources_changes_nothing():
    method = make_method(motion_images="three").eval()
    batch = make_batch()
    swapped = replace(
        batch, sources=batch.sources.flip(1), sources_jittered=batch.sources.flip(1), seconds=batch.seconds.flip(1)
    )
    with torch.no_grad():
        one, other = loss_terms(method, batch), loss_terms(method, swapped)
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, atol=1e-6, rtol=1e-4)


def test_jittered_images_go_to_the_networks_and_clean_ones_to_the_loss():
    method = make_method().eval()
    batch, other = make_batch(), make_batch(seed=1)
    jittered = replace(batch, target_jittered=other.target, sources_jittered=other.sources)
    with torch.no_grad():
        predicted, views = method._predict(jittered, "all")
        expected, _ = method._predict(other, "all")
    assert torch.equal(predicted.logits[0], expected.logits[0])
    assert torch.equal(predicted.disparities[0], expected.disparities[0])
    assert torch.equal(views.target, batch.target)
    assert torch.equal(views.sources, batch.sources)


def test_pixels_that_are_not_usable_do_not_count():
    method = make_method().eval()
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 40:] = False
    batch = make_batch(usable=usable)
    changed_target = batch.target.clone()
    changed_target[:, :, 56:] = 1 - changed_target[:, :, 56:]
    changed = replace(batch, target=changed_target)  # the networks still see the same jittered twin
    with torch.no_grad():
        before, after = loss_terms(method, batch), loss_terms(method, changed)
    for name in before.keys() - {"smoothness"}:
        assert torch.equal(before[name], after[name]), name


def test_depth_stays_in_its_range():
    method = make_method(min_depth=2.0, max_depth=5.0).eval()
    with torch.no_grad():
        method.depth_network.decoder.heads[0].weight.mul_(1e5)
        depth = method.predict_depth(make_batch().target)
    assert depth.shape == (2, 1, HEIGHT, WIDTH)
    assert float(depth.min()) >= 1.9999
    assert float(depth.max()) <= 5.0001
    assert method.depth_limits == (2.0, 5.0)


def test_flows_are_those_of_a_known_motion(monkeypatch: pytest.MonkeyPatch):
    method, batch = make_method().eval(), make_batch()
    with torch.no_grad():
        predicted, views = method._predict(batch, "all")
        depth = method.settings.depth_of(predicted.disparities[0])
    ahead = torch.eye(4).repeat(2, 2, 1, 1)
    ahead[:, :, 0, 3] = torch.tensor([0.2, -0.2])  # the world moves to the left until the next frame
    complete = torch.zeros_like(predicted.flows[0])
    complete[:, 0] = -0.2
    complete[:, 1, 10:30, 20:50] = 0.1  # and a box falls
    mask = torch.full_like(predicted.logits[0], -40.0)
    mask[:, :, 10:30, 20:50] = 40.0
    known = replace(predicted, transforms=ahead, flows=[complete], logits=[mask])
    monkeypatch.setattr(method, "_predict", lambda *_: (known, views))
    with torch.no_grad():
        pictures = method.observe(batch).pictures
    assert list(pictures) == list(method.pictures)
    to_left = -0.2 * batch.intrinsics[:, 0, 0].view(2, 1, 1) / depth[:, 0]
    falls = 0.1 * batch.intrinsics[:, 1, 1].view(2, 1, 1) / depth[:, 0]
    rigid, whole, independent = (pictures[f"{name}-flow"] for name in ("rigid", "complete", "independent"))
    torch.testing.assert_close(rigid, torch.stack([to_left, torch.zeros_like(to_left)], dim=1), atol=2e-3, rtol=1e-3)
    box, inside = torch.zeros(HEIGHT, WIDTH), (slice(10, 30), slice(20, 50))
    box[inside] = 1
    expected = torch.stack([torch.zeros_like(falls), falls * box], dim=1)
    torch.testing.assert_close(independent, expected, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(whole, rigid + expected, atol=2e-3, rtol=1e-3)
    assert torch.equal(pictures["motion-mask"].round()[:, 0], box.expand(2, HEIGHT, WIDTH))


@pytest.mark.parametrize("changes", [{}, RELEASED], ids=["paper", "released"])
def test_losses_stay_in_float32_under_autocast(changes: dict[str, Any]):
    method = make_method(**changes).eval()
    batch = make_batch()
    with torch.no_grad():
        exact = loss_terms(method, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            predicted, _ = method._predict(batch, "all")
            rounded = loss_terms(method, batch)
    fields = [*predicted.disparities, *predicted.flows, *predicted.logits, predicted.transforms, predicted.steps]
    assert all(one.dtype == torch.float32 for one in fields)
    for name, value in rounded.items():
        assert value.dtype == torch.float32, name
        torch.testing.assert_close(value, exact[name], rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("frozen_parts", ["still", "in-training-mode"])
def test_normalisation_of_frozen_parts(frozen_parts: str):
    method = make_method(frozen_parts=frozen_parts).train()
    freeze_all_but(method, ("motion_encoder", "flow_decoder"))
    method.depth_network.eval()  # as the trainer does
    before = {name: value.clone() for name, value in method.depth_network.named_buffers()}
    loss_terms(method, make_batch(), "scene-flow")
    moved = [name for name, value in method.depth_network.named_buffers() if not torch.equal(value, before[name])]
    assert bool(moved) == (frozen_parts == "in-training-mode")
    method.eval()
    loss_terms(method, make_batch(), "scene-flow")
    assert not method.depth_network.training  # validation stays validation
