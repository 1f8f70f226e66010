from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, smooth_images
from torch import Tensor

from vection.geometry.rigid import invert
from vection.geometry.views import Views
from vection.methods.method import Progress, changed
from vection.methods.sc_sfmlearner import (
    ScSfmLearner,
    ScSfmLearnerSettings,
    both_directions,
    compare_frames,
    smoothness_of_frames,
)
from vection.methods.sc_sfmlearner_settings import AS_RELEASED
from vection.samples import Batch

SMALL = ScSfmLearnerSettings(depth_network="efficientnet-lite0", ego_motion="posenet")
TERMS = ["photometric", "smoothness", "geometry_consistency"]


def make_batch(*, samples: int = 2, seed: int = 0, usable: Tensor | None = None) -> Batch:
    """Frames that differ; one past and one future source."""
    target, past, future = smooth_images(3 * samples, seed=seed).unflatten(0, (3, samples))
    seconds = torch.tensor([[-0.1, 0.1]]).repeat(samples, 1)
    return batch_of(target, torch.stack([past, future], dim=1), camera(samples), seconds=seconds, usable=usable)


def make_method(**changes: Any) -> ScSfmLearner:
    torch.manual_seed(0)
    return ScSfmLearner(changed(SMALL, **changes))


VARIANTS: dict[str, dict[str, Any]] = {
    "paper": {"depth_network": "dispnet"},
    "first-order": {"smoothness": "first-order", "smooth_depth": "mean-normalised"},
    "basic": {"ssim_weight": 0.0, "self_discovered_mask": False, "geometry_weight": 0.0},
    "scales": {"depth_network": "dispnet", "scales": 4},
    "full-resolution": {"scales": 3, "multi_scale": "full-resolution"},
    "released": {"ego_motion": "resnet18", "released": replace(AS_RELEASED, least_elements=0)},
    "border": {"padding": "border"},
    "inverse": {"motion_back": "inverse"},
    "camera-a-pair": {"intrinsics": "per-pair"},
    "camera-learned": {"intrinsics": "per-camera"},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_teaches_every_parameter(changes: dict[str, Any]):
    method = make_method(**changes).train()
    terms = method(make_batch(samples=2), Progress())
    assert list(terms) == (TERMS if method.settings.geometry_weight > 0 else TERMS[:2])
    assert all(term.isfinite() and term > 0 for term in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_both_directions_pair_every_source_with_its_target():
    target, sources = torch.tensor([1, 2]), torch.tensor([[10, 11], [20, 21]])
    first, second = both_directions(target, sources)
    assert first.tolist() == [1, 1, 10, 11, 2, 2, 20, 21]
    assert second.tolist() == [10, 11, 1, 1, 20, 21, 2, 2]


def test_losses_are_sums_over_sources_and_directions():
    method = make_method().eval()
    batch = make_batch(samples=1)
    single = [
        replace(batch, sources=batch.sources[:, s : s + 1], sources_jittered=batch.sources[:, s : s + 1],
                source_intrinsics=batch.source_intrinsics[:, s : s + 1], seconds=batch.seconds[:, s : s + 1])
        for s in (0, 1)
    ]  # fmt: skip
    with torch.no_grad():
        together = method.training_loss(batch, Progress())
        parts = [method.training_loss(part, Progress()) for part in single]
    for name in ("photometric", "geometry_consistency"):
        torch.testing.assert_close(together[name], parts[0][name] + parts[1][name], rtol=1e-4, atol=1e-6)


def test_exchanging_target_and_source_changes_nothing():
    # With one source, the pair and its reverse are the same two terms in another order.
    method = make_method().eval()
    batch = make_batch(samples=1)
    source = batch.sources[:, :1]
    one = replace(
        batch, sources=source, sources_jittered=source, source_intrinsics=camera(1, 1), seconds=batch.seconds[:, :1]
    )
    other = replace(
        one, target=source[:, 0], target_jittered=source[:, 0], sources=batch.target[:, None],
        sources_jittered=batch.target[:, None],
    )  # fmt: skip
    with torch.no_grad():
        first, second = method.training_loss(one, Progress()), method.training_loss(other, Progress())
    for name in TERMS:
        torch.testing.assert_close(first[name], second[name], rtol=1e-5, atol=1e-7)


def test_weights_of_the_terms():
    batch = make_batch()
    with torch.no_grad():
        plain = make_method().eval().training_loss(batch, Progress())
        changed = make_method(photometric_weight=2.0, smoothness_weight=0.3, geometry_weight=0.25).eval()
        weighted = changed.training_loss(batch, Progress())
    for name, factor in zip(TERMS, (2.0, 3.0, 0.5), strict=True):
        torch.testing.assert_close(weighted[name], factor * plain[name])


def views_and_depths(*, scales: int = 1) -> tuple[Views, list[Tensor]]:
    batch = make_batch(samples=1)
    generator = torch.Generator().manual_seed(1)
    depths = [2 + torch.rand(3, 1, HEIGHT >> s, WIDTH >> s, generator=generator) for s in range(scales)]
    return Views(batch.target, batch.sources, batch.intrinsics, batch.source_intrinsics), depths


def test_coarse_depth_is_compared_with_halved_images_or_enlarged():
    views, depths = views_and_depths(scales=2)
    T = torch.eye(4).repeat(4, 1, 1)
    T[:, 0, 3] = 0.05
    compare = {
        name: compare_frames(depths, views, T, settings=changed(SMALL, multi_scale=name))  # type: ignore[arg-type]
        for name in ("per-scale", "full-resolution")
    }
    finest = compare_frames(depths[:1], views, T, settings=SMALL)
    halved = compare_frames(depths[1:], views.halved(), T, settings=SMALL)
    enlarged = depths[1].repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    full = compare_frames([enlarged], views, T, settings=SMALL)
    torch.testing.assert_close(compare["per-scale"].photometric, finest.photometric + halved.photometric)
    torch.testing.assert_close(compare["full-resolution"].geometry, finest.geometry + full.geometry)


def test_smoothness_is_the_sum_over_the_frames():
    views, (depth,) = views_and_depths()
    whole = smoothness_of_frames(depth, views, settings=SMALL)
    steep = depth.clone()
    steep[1:] = 1.0  # the sources are smooth now
    target_alone = smoothness_of_frames(steep, views, settings=SMALL)
    assert 0 < target_alone < whole
    squared, first_order = (
        smoothness_of_frames(3 * depth, views, settings=settings)
        / smoothness_of_frames(depth, views, settings=settings)
        for settings in (SMALL, changed(SMALL, smoothness="first-order"))
    )
    torch.testing.assert_close(torch.stack([squared, first_order]), torch.tensor([9.0, 3.0]))
    normalised = changed(SMALL, smooth_depth="mean-normalised")
    torch.testing.assert_close(
        smoothness_of_frames(3 * depth, views, settings=normalised),
        smoothness_of_frames(depth, views, settings=normalised),
    )


def test_depth_stays_in_its_range():
    method = make_method(min_depth=2.0, max_depth=5.0).eval()
    head = method.depth_network.get_submodule("decoder.heads.0")
    for bias, expected in ((100.0, 2.0), (-100.0, 5.0)):
        with torch.no_grad():
            head.bias.fill_(bias)
            depth = method.predict_depth(make_batch().target)
        torch.testing.assert_close(depth, torch.full((2, 1, HEIGHT, WIDTH), expected))


def test_the_default_law_of_depth_is_ten_sigmoids_and_a_hundredth():
    method = make_method()
    disparity = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3)
    torch.testing.assert_close(1 / method._depth(disparity).flatten(), torch.tensor([0.01, 5.01, 10.01]))


def test_motion_in_the_loss_is_that_of_the_prediction():
    method = make_method().eval()
    batch = make_batch()
    with torch.no_grad():
        _, _, transforms = method._predict(batch)
        to_future = method.predict_motion(batch.target, batch.sources[:, 1])
        back = method.predict_motion(batch.sources[:, 1], batch.target)
    assert to_future.object_flow is None
    assert to_future.moving is None
    of_samples = transforms.unflatten(0, (2, 4))
    torch.testing.assert_close(of_samples[:, 1], to_future.ego, atol=1e-6, rtol=0)
    torch.testing.assert_close(of_samples[:, 3], back.ego, atol=1e-6, rtol=0)


def test_the_motion_back_may_be_the_inverse_of_the_motion_in_the_order_of_time():
    method = make_method(motion_back="inverse").eval()
    batch = make_batch()  # the first source is past, the second future
    with torch.no_grad():
        _, _, transforms = method._predict(batch)
        from_past = method.predict_motion(batch.sources[:, 0], batch.target).ego
        to_future = method.predict_motion(batch.target, batch.sources[:, 1]).ego
    to_past, to_future_pair, past_back, future_back = transforms.unflatten(0, (2, 4)).unbind(1)
    for pair, expected in (
        (to_past, invert(from_past)), (past_back, from_past), (to_future_pair, to_future),
        (future_back, invert(to_future)),
    ):  # fmt: skip
        torch.testing.assert_close(pair, expected, atol=1e-6, rtol=0)


def test_the_mask_is_dark_where_the_depths_of_two_frames_disagree(monkeypatch: pytest.MonkeyPatch):
    method, batch = make_method().eval(), make_batch()
    _, views, transforms = method._predict(batch)
    depth = torch.full((2, 3, 1, HEIGHT, WIDTH), 4.0)
    depth[:, 2, :, 20:40, 30:60] = 2.0  # in the next frame something came nearer
    standing = torch.eye(4).expand_as(transforms)
    monkeypatch.setattr(method, "_predict", lambda _: ([depth.flatten(0, 1)], views, standing))
    with torch.no_grad():
        pictures = method.observe(batch).pictures
    mask = pictures["self-discovered-mask"]
    torch.testing.assert_close(mask[:, :, 22:38, 32:58], torch.full((2, 1, 16, 26), 1 - 2 / 6))
    torch.testing.assert_close(mask[:, :, 2:18, 2:-2], torch.ones(2, 1, 16, WIDTH - 4))
    torch.testing.assert_close(pictures["synthesised-target"][..., 2:-2, 2:-2], batch.sources[:, 1, :, 2:-2, 2:-2])
    assert float(pictures["rigid-flow"].abs().max()) < 1e-3


def photometric(method: ScSfmLearner, batch: Batch) -> Tensor:
    with torch.no_grad():
        return method.training_loss(batch, Progress())["photometric"]


def test_jittered_images_go_to_the_networks_and_clean_ones_to_the_loss():
    method = make_method().eval()
    batch, other = make_batch(), make_batch(seed=1)
    jittered = replace(batch, target_jittered=other.target, sources_jittered=other.sources)
    with torch.no_grad():
        depths, views, transforms = method._predict(jittered)
        seen, _, moved = method._predict(other)
    torch.testing.assert_close(depths[0], seen[0])
    torch.testing.assert_close(transforms, moved)
    torch.testing.assert_close(views.target, 2 * batch.target - 1)
    torch.testing.assert_close(views.sources, 2 * batch.sources - 1)


@pytest.mark.parametrize("scales", [1, 2])
def test_pixels_that_are_not_usable_do_not_count(scales: int):
    # The mask holds for the target and, as the camera's own part of the image, for the sources. SSIM looks two
    # (coarse) pixels around, and a warp by almost nothing reaches one more.
    method = make_method(scales=scales).eval()
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 40:] = False
    batch = make_batch(usable=usable)
    target, sources = batch.target.clone(), batch.sources.clone()
    target[:, :, 52:] = 1 - target[:, :, 52:]
    sources[..., 52:, :] = 1 - sources[..., 52:, :]
    changed = replace(batch, target=target, sources=sources)  # the networks still see the same jittered twins
    torch.testing.assert_close(photometric(method, batch), photometric(method, changed))
    everything, altered = replace(batch, usable=None), replace(changed, usable=None)
    assert abs(photometric(method, everything) - photometric(method, altered)) > 1e-4


def test_a_camera_that_is_not_finite_shows():
    batch = make_batch()
    broken = batch.intrinsics.clone()
    broken[0, 0, 0] = float("nan")
    method = make_method().eval()
    assert photometric(method, replace(batch, intrinsics=broken)).isnan()


def test_learned_cameras_of_the_pairs_are_shared_by_a_sample():
    method = make_method(intrinsics="per-pair").eval()
    with torch.no_grad():
        _, views, _ = method._predict(make_batch())
    assert views.intrinsics.shape == (2, 3, 3)
    assert torch.equal(views.source_intrinsics[:, 0], views.intrinsics)
    assert not torch.allclose(views.intrinsics[0], views.intrinsics[1], rtol=1e-7, atol=0)
