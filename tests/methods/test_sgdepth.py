from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, smooth_images
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.rigid import invert
from vection.geometry.views import Views
from vection.methods.method import Progress, changed
from vection.methods.sgdepth import SgDepth, depth_losses
from vection.methods.sgdepth_settings import AS_RELEASED, SgDepthSettings
from vection.methods.steps.dynamic_classes import is_dynamic
from vection.samples import Batch, LabelledImage

PLAIN = SgDepthSettings(pretrained=False)
MASKED = Progress(epoch=30, epochs=40)
ROAD, CAR = 0, 13


def make_batch(*, samples: int = 2, seed: int = 0, usable: Tensor | None = None) -> Batch:
    """Frames that differ, one past and one future source, and as many labelled images; a car in each class map."""
    target, past, future, other = smooth_images(4 * samples, seed=seed).unflatten(0, (4, samples))
    classes = torch.full((samples, 1, HEIGHT, WIDTH), ROAD, dtype=torch.uint8)
    classes[..., 20:40, 20:50] = CAR
    return batch_of(
        target,
        torch.stack([past, future], dim=1),
        camera(samples),
        seconds=torch.tensor([[-0.1, 0.1]]).repeat(samples, 1),
        usable=usable,
        classes=classes,
        source_classes=classes.expand(-1, 2, -1, -1).clone(),
        labelled=LabelledImage(other, classes),
    )


def make_method(**changes: Any) -> SgDepth:
    torch.manual_seed(0)
    return SgDepth(changed(PLAIN, **changes))


def given(**changes: Any) -> SgDepth:
    """A method that masks by the batch's own class maps."""
    return make_method(learns="depth", class_maps="given", **changes)


VARIANTS: list[dict[str, Any]] = [
    {},
    {"learns": "depth", "masking": "none"},
    {"learns": "depth", "class_maps": "given"},
    {"gradient_scale": None, "masking": "none"},
    {"masking": "all"},
    {"masking": "threshold"},
    {"intrinsics": "per-camera"},
    {"intrinsics": "per-pair"},
    {"reprojection": "average", "mask": "none"},
    {"depth_network": "efficientnet-lite0"},
    {key: getattr(AS_RELEASED, key) for key in ("schedule", "overlap", "shared", "class_average", "class_scores")}
    | {"edges": "sampled", "pose_scaled": "at-start"},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda changes: "-".join(map(str, changes.values())) or "full")
def test_every_variant_teaches_every_parameter(changes: dict[str, Any]):
    method = make_method(**changes).train()
    method.log.threshold.zero_()  # masks nothing: a mask of everything would leave the pose nothing to learn from
    terms = method(make_batch(samples=1), MASKED)
    depth_only = changes.get("learns") == "depth"
    assert set(terms) == {"photometric", "smoothness"} | (set() if depth_only else {"segmentation"})
    assert all(term.isfinite() and term > 0 for term in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_segmentation_alone_leaves_depth_and_pose_as_they_are():
    method = make_method(learns="segmentation", masking="none").train()
    terms = method(make_batch(), Progress())
    assert set(terms) == {"segmentation"}
    terms["segmentation"].backward()
    learned = {name.split(".")[0] for name, parameter in method.named_parameters() if parameter.grad is not None}
    assert learned == {"depth_network", "segmentation_decoder"}


def test_gradients_of_both_heads_meet_in_the_encoder_by_the_weights_of_equation_6():
    batch, scaled = make_batch(), make_method(gradient_scale=0.25, masking="none").eval()
    plain = make_method(gradient_scale=None, masking="none").eval()

    def gradients(method: SgDepth, *terms: str) -> list[Tensor]:
        losses = method(batch, Progress())
        weights = [method.shared.encoder.get_parameter("conv1.weight"), method.depth_network.decoder.heads[0].weight]
        total = torch.stack([losses[term] for term in terms]).sum()
        found = torch.autograd.grad(total, weights, allow_unused=True)
        return [torch.zeros_like(w) if g is None else g for w, g in zip(weights, found, strict=True)]

    depth, head = gradients(plain, "photometric", "smoothness")
    segmentation, _ = gradients(plain, "segmentation")
    together, scaled_head = gradients(scaled, "photometric", "smoothness", "segmentation")
    torch.testing.assert_close(together, 0.75 * depth + 0.25 * segmentation, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(scaled_head, head, atol=1e-7, rtol=1e-4)


def test_what_is_missing_is_said():
    with pytest.raises(UsageError, match="Masks want classes"):
        make_method(learns="depth")
    batch = make_batch()
    with pytest.raises(ValueError, match="labelled images"):
        make_method()(replace(batch, labelled=None), Progress())
    with pytest.raises(ValueError, match="the batch has none"):
        given()(replace(batch, classes=None, source_classes=None), MASKED)
    with pytest.raises(ValueError, match="not learned to segment"):
        given().predict_classes(batch.target)


def test_as_released_depth_starts_near():
    released = make_method(disparity_bias=5.0).eval()
    with torch.no_grad():
        assert float(released.predict_depth(make_batch().target).median()) < 0.11
        assert float(make_method().eval().predict_depth(make_batch().target).median()) > 0.15


def test_learning_classes_does_not_change_running_statistics_twice():
    # The passes that make masks must not count: with and without masks, the statistics are the same.
    masked, plain = make_method(masking="all").train(), make_method(masking="none").train()
    plain.load_state_dict(masked.state_dict())
    for method in (masked, plain):
        method(make_batch(), MASKED)
    name = "depth_network.encoder.encoder.layer4.1.bn2.running_mean"
    assert torch.equal(masked.state_dict()[name], plain.state_dict()[name])
    assert masked.shared.training


def photometric(method: SgDepth, batch: Batch, progress: Progress) -> Tensor:
    with torch.no_grad():
        return method(batch, progress)["photometric"]


def test_masked_pixels_count_as_zero_and_the_rest_as_before():
    batch = make_batch(samples=1)
    views = Views(batch.target, batch.sources, batch.intrinsics, batch.source_intrinsics)
    disparities = [torch.full((1, 1, HEIGHT >> s, WIDTH >> s), 0.3) for s in range(4)]
    transforms = torch.eye(4).repeat(1, 2, 1, 1)
    transforms[..., 0, 3] = 0.01
    left = (torch.arange(WIDTH) < 48).expand(1, 1, HEIGHT, WIDTH)

    def photometric(learned: Tensor | None) -> Tensor:
        comparison = PLAIN.comparison()
        losses = depth_losses(disparities, transforms, views, settings=PLAIN, comparison=comparison, learned=learned)
        return torch.stack([loss for loss, _ in losses])

    whole, half, other = (photometric(learned) for learned in (None, left, ~left))
    torch.testing.assert_close(half + other, whole)
    assert (half > 0).all()


def test_from_their_epoch_on_masks_follow_the_threshold():
    batch = make_batch()
    method = given(mask="none").train()
    method.log.threshold.fill_(torch.inf)
    before, after = (photometric(method, batch, Progress(epoch=epoch, epochs=40)) for epoch in (29, 30))
    assert after < before
    assert int(method.log.count) == 2  # only the second was logged
    method.log.threshold.zero_()
    torch.testing.assert_close(photometric(method, batch, MASKED), before)


def test_clips_without_dynamic_pixels_are_not_masked():
    batch = make_batch()
    assert batch.classes is not None
    assert batch.source_classes is not None
    nothing = {"classes": torch.zeros_like(batch.classes), "source_classes": torch.zeros_like(batch.source_classes)}
    plain = replace(batch, **nothing)
    method = given(masking="all").train()
    torch.testing.assert_close(photometric(method, plain, MASKED), photometric(method, plain, Progress(epoch=0)))
    assert photometric(method, batch, MASKED) < photometric(method, batch, Progress(epoch=0))


def test_given_class_maps_that_mask_nothing_are_not_asked_for():
    bare = replace(make_batch(), classes=None, source_classes=None)
    seen = make_method(class_maps="given", masking="none").eval().observe(bare)
    assert "classes" in seen.pictures


def test_unusable_pixels_have_no_class():
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 20:40, 20:50] = False  # where the car is
    classes, sources = given()._classes(make_batch(usable=usable))
    assert classes.unique().tolist() == [ROAD, 255]
    assert not is_dynamic(sources).any()


def test_what_is_held_out_is_scored_without_masks_and_not_logged():
    batch = make_batch()
    end = Progress(epoch=40, epochs=40)
    scheduled, everywhere = given().eval(), given(masking="all").eval()
    assert photometric(scheduled, batch, end) == photometric(everywhere, batch, end)
    assert int(scheduled.log.count) == 0
    assert photometric(everywhere.train(), batch, end) < photometric(given(masking="none").train(), batch, end)


def end_epochs(method: SgDepth, overlaps: Tensor, *, epochs: int) -> list[float]:
    """Thresholds of the epochs, from the second on, when every epoch logs `overlaps`."""
    thresholds = []
    for epoch in range(1, epochs):
        method.log.add(overlaps)
        method.on_epoch_end(Progress(epoch=epoch, epochs=epochs))
        thresholds.append(float(method.log.threshold))
    return thresholds


def test_the_papers_schedule_masks_all_at_first_and_nothing_in_the_last_epoch():
    overlaps = torch.linspace(0, 1, 101)
    thresholds = end_epochs(given(masking_from=2), overlaps, epochs=7)
    assert thresholds == pytest.approx([float("inf"), float("inf"), 0.75, 0.5, 0.25, 0.0])
    thresholds = end_epochs(given(masking_from=2, schedule="as-released"), 0.1 + overlaps, epochs=7)
    assert thresholds == pytest.approx([0.0, 0.0, 0.85, 0.6, 0.35, 0.1])


def test_a_fixed_share_begins_with_masks_everywhere():
    method = given(masking="threshold", masking_from=0, unmasked_share=0.9)
    assert float(method.log.threshold) == float("inf")
    assert end_epochs(method, torch.linspace(0, 1, 101), epochs=3) == pytest.approx([0.1, 0.1])


def test_what_it_remembers_is_in_its_state():
    method = given().train()
    method(make_batch(), MASKED)
    method.on_epoch_end(Progress(epoch=33, epochs=40))
    method(make_batch(seed=1), MASKED)
    resumed = given().train()
    resumed.load_state_dict(method.state_dict())
    for one in (method, resumed):
        one.on_epoch_end(Progress(epoch=35, epochs=40))
    assert torch.equal(method.log.threshold, resumed.log.threshold)
    assert 0 < float(method.log.threshold) <= 1


def test_predictions():
    method, batch = make_method().eval(), make_batch()
    assert method.knows.classes
    with torch.no_grad():
        depth, classes = method.predict_depth(batch.target), method.predict_classes(batch.target)
        motion = method.predict_motion(batch.target, batch.sources[:, 1])
        _, transforms, _ = method._views(method.depth_network.decoder(method.shared(batch.target)), batch)
        back = method.predict_motion(batch.sources[:, 0], batch.target)
    assert depth.shape == classes.shape == (2, 1, HEIGHT, WIDTH)
    assert int(classes.max()) < 19
    assert motion.moving is not None
    assert torch.equal(motion.moving > 0, is_dynamic(classes))
    torch.testing.assert_close(transforms[:, 1], motion.ego, atol=1e-6, rtol=0)
    torch.testing.assert_close(transforms[:, 0], invert(back.ego), atol=1e-6, rtol=0)
    assert given().predict_motion(batch.target, batch.target).moving is None


def test_the_twentieth_score_is_never_predicted():
    method = make_method(class_scores=20).eval()
    assert method.segmentation_decoder is not None
    with torch.no_grad():
        method.segmentation_decoder.head.bias[19] = 100.0
        assert int(method.predict_classes(make_batch().target).max()) < 19


def test_a_predicted_camera_comes_with_the_motion():
    method, batch = make_method(intrinsics="per-pair").eval(), make_batch()
    with torch.no_grad():
        intrinsics = method.predict_motion(batch.target, batch.sources[:, 1]).intrinsics
    assert intrinsics is not None
    assert method.learns_intrinsics
    assert 0.3 * WIDTH < float(intrinsics[0, 0, 0]) < 2 * WIDTH


@pytest.mark.parametrize("changes", [{}, {"learns": "depth", "class_maps": "given"}], ids=["learned", "given"])
def test_pictures(changes: dict[str, Any]):
    method = make_method(**changes).eval()
    with torch.no_grad():
        shown = method.observe(make_batch()).pictures
    assert list(shown) == list(method.pictures)
    assert {"auto-mask", "source", "rigid-flow", "classes", "dynamic-class-mask"} <= set(shown)
    if changes:  # of given classes it is known where the mask must be black
        assert torch.equal(shown["classes"], make_batch().classes)
    can_move = (shown["classes"] >= 11) & (shown["classes"] <= 18)
    assert not shown["dynamic-class-mask"][can_move].any()


def test_auto_masking_can_begin_later():
    method, batch = given(mask_from_step=100).train(), make_batch()
    early, late = (photometric(method, batch, Progress(total_step=step)) for step in (99, 100))
    assert late < early
