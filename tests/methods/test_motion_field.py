from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, smooth_images
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.pairs import exchanged
from vection.geometry.rigid import invert, make_transform, rotation_from_euler
from vection.methods.method import Progress, changed
from vection.methods.motion_field import MotionField, loss_terms
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.networks.motion.motion_field import PredictedMotion
from vection.samples import Batch

SMALL = MotionFieldSettings(pretrained=False, motion_channels=(8, 16, 16), burn_in=0, noise_ramp=0)
TERMS = {
    "colour", "ssim", "depth_smoothness", "rotation_cycle", "translation_cycle", "motion_smoothness", "motion_sparsity",
}  # fmt: skip


def make_batch(*, samples: int = 2, sources: int = 1, seed: int = 0, **changes: Any) -> Batch:
    """Frames that differ."""
    frames = smooth_images(samples * (1 + sources), seed=seed).unflatten(0, (samples, 1 + sources))
    return replace(batch_of(frames[:, 0], frames[:, 1:], camera(samples)), **changes)


def with_classes(batch: Batch, movable: slice) -> Batch:
    """Cars (13) in some columns of every frame, road elsewhere."""
    samples, count = batch.sources.shape[:2]
    classes = torch.zeros(samples, 1 + count, HEIGHT, WIDTH, dtype=torch.uint8)
    classes[..., movable] = 13
    return replace(batch, classes=classes[:, :1], source_classes=classes[:, 1:])


def make_method(**changes: Any) -> MotionField:
    torch.manual_seed(0)
    return MotionField(changed(SMALL, **changes))


VARIANTS: list[dict[str, Any]] = [
    {},
    {"depth_input": False},
    {"sparsity": "l1"},
    {"object_masks": True},
    {"auto_mask": "whole-batch", "cycle_order": "released"},
    {"auto_mask": "none"},
    {"intrinsics": "per-camera"},
    {"intrinsics": "per-pair"},
    {"padding": "tensorflow"},
    {"scales": 2, "scale_normalisation": True, "wrap_around": True},
    {"depth_network": "efficientnet-lite0", "motion_start": "quick", "inverse": "derived", "average": "counted"},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda changes: "-".join(map(str, changes.values())) or "full")
def test_every_variant_teaches_every_parameter(changes: dict[str, Any]):
    method = make_method(**changes).train()
    terms = method(with_classes(make_batch(), slice(20, 60)), Progress(step=1))
    assert set(terms) == TERMS
    assert all(term.isfinite() and term >= 0 for term in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_depth_consistency_is_a_term_when_weighted():
    terms = make_method(depth_consistency_weight=0.05).training_loss(make_batch(), Progress())
    assert set(terms) == TERMS | {"depth_consistency"}


def test_each_source_is_a_pair_of_its_own():
    method = make_method().eval()
    batch = make_batch(sources=3)
    with torch.no_grad():
        pairs = method.predict_pairs(batch, Progress())
        for number in range(3):
            one = replace(
                batch,
                sources=batch.sources[:, number : number + 1],
                sources_jittered=batch.sources[:, number : number + 1],
                source_intrinsics=batch.source_intrinsics[:, :1],
                seconds=batch.seconds[:, :1],
            )
            alone = method.predict_pairs(one, Progress())
            rows = torch.arange(number, 12, 3)
            torch.testing.assert_close(pairs.background[rows], alone.background, atol=1e-6, rtol=1e-5)
            torch.testing.assert_close(pairs.depth[rows], alone.depth, atol=1e-5, rtol=1e-5)
            assert torch.equal(pairs.image[rows], alone.image)


def test_camera_motion_back_in_time_can_be_the_inverse_of_that_forth():
    batch = make_batch(sources=2, seconds=torch.tensor([[0.1, -0.1], [0.2, 0.1]]))
    predicted, derived = make_method().eval(), make_method(inverse="derived").eval()
    with torch.no_grad():
        own, pairs = predicted.predict_pairs(batch, Progress()), derived.predict_pairs(batch, Progress())
    ego = make_transform(pairs.rotation, pairs.background)
    both = invert(exchanged(ego)) @ invert(ego)
    torch.testing.assert_close(both, torch.eye(4).expand(8, 4, 4), atol=1e-6, rtol=0)
    forth = torch.tensor([0, 2, 3, 5])  # of the second sources of the first sample: from source to target
    assert torch.equal(pairs.background[forth], own.background[forth])
    assert torch.equal(pairs.rotation[forth], own.rotation[forth])
    assert torch.equal(pairs.residual, own.residual)
    back = torch.tensor([1, 4, 6, 7])
    assert (pairs.background[back] != own.background[back]).all()
    assert (
        derived.training_loss(batch, Progress())["rotation_cycle"]
        < 1e-6
        < predicted.training_loss(batch, Progress())["rotation_cycle"]
    )


def test_samples_do_not_depend_on_each_other_unless_the_released_mask_couples_them():
    batch = make_batch()
    first = replace(make_batch(), **{n: getattr(batch, n)[:1] for n in (
        "target", "sources", "target_jittered", "sources_jittered", "intrinsics", "source_intrinsics", "seconds",
        "camera", "stored_to_image",
    )})  # fmt: skip
    for auto_mask, same in (("per-sample", True), ("whole-batch", False)):
        method = make_method(auto_mask=auto_mask).eval()
        with torch.no_grad():
            together, alone = (method.predict_pairs(one, Progress()).residual for one in (batch, first))
        assert torch.allclose(together[[0, 2]], alone, atol=1e-7) == same


def test_exchanging_the_frames_exchanges_the_directions():
    method = make_method().eval()
    batch = make_batch()
    swapped = replace(
        batch,
        target=batch.sources[:, 0],
        target_jittered=batch.sources[:, 0],
        sources=batch.target[:, None],
        sources_jittered=batch.target[:, None],
    )
    with torch.no_grad():
        pairs, other = method.predict_pairs(batch, Progress()), method.predict_pairs(swapped, Progress())
        torch.testing.assert_close(pairs.residual, exchanged(other.residual), atol=1e-7, rtol=1e-4)
        terms, others = loss_terms(pairs, SMALL), loss_terms(other, SMALL)
    for name, value in terms.items():
        torch.testing.assert_close(value, others[name], atol=1e-5, rtol=1e-4)


def test_objects_stand_still_for_half_of_the_burn_in_and_then_fade_in():
    method = make_method(burn_in=20).train()
    batch = make_batch()
    factors = []
    for step in (0, 10, 15, 20, 100):
        pairs = method.predict_pairs(batch, Progress(step=step))
        factors.append(float(method.residual_weight))
        assert bool((pairs.residual == 0).all()) == (step <= 10)
    assert factors == [0, 0, 0.5, 1, 1]


def test_how_objects_move_is_learned_once_they_no_longer_stand_still():
    settings = changed(SMALL, burn_in=20)
    assert [settings.learned(Progress(step=step)).object_motion for step in (1, 11, 12, 20)] == [
        False,
        False,
        True,
        True,
    ]
    assert SMALL.learned(Progress(step=1)).object_motion


def test_the_burn_in_may_be_a_share_of_training():
    settings = changed(SMALL, burn_in=7, burn_in_share=0.5)
    weights = [settings.burn_in_weight(Progress(step=step, steps=80)) for step in (0, 20, 30, 40, 79)]
    assert weights == [0, 0, 0.5, 1, 1]


def test_predictions_show_as_much_object_motion_as_training_did():
    method = make_method(burn_in=20).train()
    batch = make_batch()
    method.predict_pairs(batch, Progress(step=3))
    method.eval()
    with torch.no_grad():
        motion = method.predict_motion(batch.target, batch.sources[:, 0])
        method.predict_pairs(batch, Progress(step=100))  # validation, at the end of the stage
    assert motion.object_flow is not None
    assert motion.moving is not None
    assert float(motion.object_flow.abs().max()) == float(motion.moving.max()) == 0
    restored = make_method(burn_in=20)
    restored.load_state_dict(method.state_dict())
    assert float(restored.residual_weight) == 0


class Given(torch.nn.Module):
    """Stands in for the motion network."""

    def forward(self, first: Tensor, second: Tensor) -> PredictedMotion:
        residual = torch.zeros(1, 3, HEIGHT, WIDTH)
        residual[0, 2, 20:30, 40:50] = 0.5
        angles, background = torch.tensor([[0.0, 0.3, 0.0]]), torch.tensor([[0.0, 0.0, -1.0]])
        return PredictedMotion(angles, background, residual, torch.zeros(1, 8, 1, 1))


def test_object_flow_is_along_the_axes_of_the_first_camera():
    method = make_method().eval()
    method.motion_network = Given()  # type: ignore[assignment]
    batch = make_batch(samples=1)
    motion = method.predict_motion(batch.target, batch.sources[:, 0])
    R = rotation_from_euler(torch.tensor([[0.0, 0.3, 0.0]]))
    assert motion.object_flow is not None
    assert motion.moving is not None
    # A point of the object: first moved by the flow within the first camera, then seen from the second.
    point = torch.tensor([0.4, -0.2, 6.0])
    moved = motion.ego[0, :3, :3] @ (point + motion.object_flow[0, :, 25, 45]) + motion.ego[0, :3, 3]
    expected = R[0] @ point + torch.tensor([0.0, 0.0, -1.0]) + torch.tensor([0.0, 0.0, 0.5])
    torch.testing.assert_close(moved, expected)
    share = 100 / (HEIGHT * WIDTH)
    rms = (share * 0.25 + (1 - share)) ** 0.5
    assert float(motion.moving[0, 0, 25, 45]) == pytest.approx(0.5 / (0.5 + rms))
    assert float(motion.moving[0, 0, 5, 5]) == 0


def test_objects_move_only_near_what_is_movable():
    method = make_method(object_masks=True, mask_dilation=4, auto_mask="none").eval()
    batch = with_classes(make_batch(), slice(40, 50))
    with torch.no_grad():
        residual = method.predict_pairs(batch, Progress()).residual
    assert (residual[..., 36:54] != 0).any(dim=1).all()
    assert not residual[..., :36].any()
    assert not residual[..., 54:].any()
    with pytest.raises(UsageError, match="use_classes"):
        method.training_loss(make_batch(), Progress())


def test_predicted_intrinsics_are_those_of_both_directions():
    method = make_method(intrinsics="per-pair").eval()
    batch = make_batch(sources=2)
    with torch.no_grad():
        pairs = method.predict_pairs(batch, Progress())
    for rows in pairs.intrinsics.unflatten(0, (2, 2, 2)).transpose(0, 1):  # of a sample: directions, sources
        assert torch.equal(rows, rows[:1, :1].expand_as(rows))
    assert not torch.equal(pairs.intrinsics[0], pairs.intrinsics[2])


def test_noise_is_for_training_alone():
    method = make_method(noise_ramp=10)
    batch = make_batch()
    with torch.no_grad():
        early = [method.train().predict_pairs(batch, Progress(step=0)).depth for _ in range(2)]
        late = [method.train().predict_pairs(batch, Progress(step=10)).depth for _ in range(2)]
        evaluated = [method.eval().predict_pairs(batch, Progress(step=10)).depth for _ in range(2)]
    assert torch.equal(early[0], early[1])
    assert not torch.allclose(late[0], late[1])
    assert torch.equal(evaluated[0], evaluated[1])


def test_jittered_images_go_to_the_networks_and_clean_ones_to_the_loss():
    method = make_method().eval()
    batch, other = make_batch(), make_batch(seed=1)
    jittered = replace(batch, target_jittered=other.target, sources_jittered=other.sources)
    with torch.no_grad():
        plain, changed = method.predict_pairs(batch, Progress()), method.predict_pairs(jittered, Progress())
    assert torch.equal(plain.image, changed.image)
    assert not torch.allclose(plain.depth, changed.depth)


def test_pixels_that_are_not_usable_do_not_count():
    method = make_method().eval()
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 40:] = False
    batch = make_batch(usable=usable)
    target = batch.target.clone()
    target[:, :, 56:] = 1 - target[:, :, 56:]
    changed = replace(batch, target=target)  # the networks still see the same jittered twin
    with torch.no_grad():
        one, other = (method.training_loss(c, Progress()) for c in (batch, changed))
        assert torch.equal(one["colour"], other["colour"])
        everything = method.training_loss(replace(changed, usable=None), Progress())
    assert not torch.equal(one["colour"], everything["colour"])


def test_a_camera_that_is_not_a_number_shows_in_the_loss():
    batch = make_batch()
    broken = batch.intrinsics.clone()
    broken[0, 0, 0] = torch.nan
    terms = make_method().training_loss(replace(batch, intrinsics=broken), Progress())
    assert not terms["colour"].isfinite()


@pytest.mark.parametrize("sources", [1, 2])
def test_flow_and_translation_are_those_of_a_known_motion(sources: int, monkeypatch: pytest.MonkeyPatch):
    method, batch = make_method().eval(), make_batch(sources=sources)
    with torch.no_grad():
        pairs = method.predict_pairs(batch, Progress(step=method.settings.burn_in))
    box = torch.zeros_like(pairs.residual)
    box[:, 0, 20:40, 30:60] = 0.5  # a box moves to the right, seen by a camera that stands
    known = replace(
        pairs,
        depth=torch.full_like(pairs.depth, 4.0),
        rotation=torch.eye(3).expand_as(pairs.rotation),
        background=torch.zeros_like(pairs.background),
        residual=box,
    )
    monkeypatch.setattr(method, "predict_pairs", lambda *_: known)
    with torch.no_grad():
        pictures = method.observe(batch).pictures
    assert list(pictures) == list(method.pictures)
    flow = batch.intrinsics[:, 0, 0].view(2, 1, 1) * 0.5 / 4
    for name in ("complete-flow", "independent-flow"):
        moved = pictures[name]
        torch.testing.assert_close(moved[:, 0, 20:40, 30:60], flow.expand(2, 20, 30), atol=1e-3, rtol=1e-4)
        assert float(moved[:, 1].abs().max()) < 1e-3
        assert float(moved[:, :, :20].abs().max()) < 1e-3
    assert float(pictures["rigid-flow"].abs().max()) < 1e-3
    assert torch.equal(pictures["object-translation-map"], box[:2])
    assert torch.equal(pictures["translation-map"], box[:2])
