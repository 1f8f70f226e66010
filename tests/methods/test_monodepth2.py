from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, smooth_images
from torch import Tensor

from vection.errors import UsageError
from vection.geometry.rigid import invert
from vection.methods.method import Progress, changed
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.samples import Batch, StereoView

PLAIN = Monodepth2Settings(pretrained=False)


def make_batch(*, samples: int = 2, stereo: bool = False, seed: int = 0, usable: Tensor | None = None) -> Batch:
    """Frames that differ; one past and one future source."""
    target, past, future, right = smooth_images(4 * samples, seed=seed).unflatten(0, (4, samples))
    view = None
    if stereo:
        T = torch.eye(4).repeat(samples, 1, 1)
        T[:, 0, 3] = -0.1
        view = StereoView(right, right, camera(samples), T)
    seconds = torch.tensor([[-0.1, 0.1]]).repeat(samples, 1)
    return batch_of(
        target, torch.stack([past, future], dim=1), camera(samples), seconds=seconds, stereo=view, usable=usable
    )


def make_method(**changes: Any) -> Monodepth2:
    torch.manual_seed(0)
    return Monodepth2(changed(PLAIN, **changes))


VARIANTS: list[dict[str, Any]] = [
    {},
    {"mask": "none"},
    {"derotated_mask": True},
    {"mask": "predictive"},
    {"ground_weight": 0.1},
    {"reprojection": "average"},
    {"reprojection": "average", "mask": "none", "multi_scale": "per-scale"},
    {"reprojection": "average", "mask": "predictive", "multi_scale": "per-scale"},
    {"multi_scale": "per-scale"},
    {"ego_motion": "shared"},
    {"ego_motion": "posenet"},
    {"temporal": False, "stereo": True},
    {"temporal": False, "stereo": True, "mask": "predictive"},
    {"stereo": True},
    {"stereo": True, "mask": "predictive", "ego_motion": "shared"},
    {"ssim_weight": 0.0, "scales": 1},
    {"depth_network": "efficientnet-lite0"},
]


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda changes: "-".join(map(str, changes.values())) or "full")
def test_every_variant_teaches_every_parameter(changes: dict[str, Any]):
    method = make_method(**changes).train()
    terms = method(make_batch(samples=1, stereo=method.settings.stereo), Progress())
    expected = {"photometric", "smoothness"}
    if changes.get("mask") == "predictive":
        expected.add("predictive_mask")
    if "ground_weight" in changes:
        expected.add("ground")
    assert set(terms) == expected
    # Depth that is not yet learned may show no ground, so that nothing lies behind it.
    assert all(term.isfinite() and (term > 0 or name == "ground") for name, term in terms.items())
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        # PoseDecoder predicts a second pose that nothing uses.
        assert parameter.grad.abs().sum() > 0, name


def test_without_sources_there_is_nothing_to_learn_from():
    with pytest.raises(UsageError, match="nothing to learn from"):
        make_method(temporal=False)
    with pytest.raises(ValueError, match="stereo view"):
        make_method(stereo=True).training_loss(make_batch(), Progress())


def test_one_error_is_not_spread_over_two_masks():
    batch = make_batch()
    one = replace(
        batch,
        **{
            name: getattr(batch, name)[:, :1]
            for name in ("sources", "sources_jittered", "source_intrinsics", "seconds")
        },
    )
    with pytest.raises(ValueError, match="2 masks cannot weight the errors of 1 sources"):
        make_method(mask="predictive").training_loss(one, Progress())


def test_depth_stays_in_its_range():
    method = make_method(min_depth=2.0, max_depth=5.0).eval()
    with torch.no_grad():
        method.depth_network.decoder.get_submodule("heads.0").weight.mul_(1000)
        depth = method.predict_depth(make_batch().target)
    assert depth.shape == (2, 1, HEIGHT, WIDTH)
    assert float(depth.min()) == pytest.approx(2.0, rel=1e-4)
    assert float(depth.max()) == pytest.approx(5.0, rel=1e-4)


@pytest.mark.parametrize("ego_motion", ["separate", "shared", "posenet"])
def test_motion_in_the_loss_is_that_of_the_prediction_in_the_order_of_time(ego_motion: str):
    method = make_method(ego_motion=ego_motion).eval()
    batch = make_batch()
    with torch.no_grad():
        features = method.depth_network.encoder(batch.target)
        _, transforms = method._views(batch, features[-1], method.depth_network.decoder(features)[0])
        from_past = method.predict_motion(batch.sources[:, 0], batch.target)
        to_future = method.predict_motion(batch.target, batch.sources[:, 1])
    assert to_future.object_flow is None
    assert to_future.moving is None
    torch.testing.assert_close(transforms[:, 1], to_future.ego, atol=1e-6, rtol=0)
    if ego_motion == "posenet":  # its translation has the scale of the first frame's depth there, of the target's here
        torch.testing.assert_close(transforms[:, 0, :3, :3], invert(from_past.ego)[:, :3, :3], atol=1e-6, rtol=0)
    else:
        torch.testing.assert_close(transforms[:, 0], invert(from_past.ego), atol=1e-6, rtol=0)
    assert not torch.allclose(transforms[:, 0], transforms[:, 1], atol=1e-6)


def test_exchanging_the_sources_exchanges_their_transforms():
    method = make_method().eval()
    batch = make_batch()
    swapped = replace(
        batch, sources=batch.sources.flip(1), sources_jittered=batch.sources.flip(1), seconds=batch.seconds.flip(1)
    )
    with torch.no_grad():
        features = method.depth_network.encoder(batch.target)
        disparity = method.depth_network.decoder(features)[0]
        _, one = method._views(batch, features[-1], disparity)
        _, other = method._views(swapped, features[-1], disparity)
    torch.testing.assert_close(one, other.flip(1), atol=1e-6, rtol=1e-5)


def test_a_stereo_source_uses_the_known_transform():
    method = make_method(stereo=True).eval()
    batch = make_batch(stereo=True)
    assert batch.stereo is not None
    with torch.no_grad():
        features = method.depth_network.encoder(batch.target)
        views, transforms = method._views(batch, features[-1], method.depth_network.decoder(features)[0])
    assert torch.equal(transforms[:, 2], batch.stereo.T_target_to_stereo)
    assert torch.equal(views.sources[:, 2], batch.stereo.image)


def test_stereo_alone_knows_no_motion():
    method = make_method(temporal=False, stereo=True)
    batch = make_batch()
    with pytest.raises(ValueError, match="no pose network"):
        method.predict_motion(batch.target, batch.target)


FIRST = ["target", "synthesised-target", "depth", "photometric-error"]


@pytest.mark.parametrize(
    ("changes", "further"),
    [
        ({}, ["auto-mask", "source", "rigid-flow"]),
        ({"stereo": True}, ["auto-mask", "source", "rigid-flow"]),
        ({"temporal": False, "stereo": True}, ["auto-mask", "source", "rigid-flow"]),
        ({"reprojection": "average", "mask": "none"}, ["rigid-flow"]),
        ({"mask": "predictive"}, ["predictive-mask", "source", "rigid-flow"]),
    ],
)
def test_its_pictures_are_those_of_its_variant(changes: dict[str, Any], further: list[str]):
    method = make_method(**changes).eval()
    with torch.no_grad():
        pictures = method.observe(make_batch(stereo=changes.get("stereo", False))).pictures
    assert list(pictures) == list(method.pictures) == FIRST + further


def test_the_predictive_mask_is_shown_and_weighs_the_error():
    method, batch = make_method(mask="predictive").eval(), make_batch()
    assert method.mask_decoder is not None
    with torch.no_grad():
        method.mask_decoder.heads[0].weight.zero_()
        method.mask_decoder.heads[0].bias.fill_(-2.0)
        dark = method.observe(batch).pictures
        method.mask_decoder.heads[0].bias.fill_(30.0)
        bright = method.observe(batch).pictures
    believed = float(torch.tensor(-2.0).sigmoid())
    torch.testing.assert_close(dark["predictive-mask"], torch.full_like(dark["predictive-mask"], believed))
    torch.testing.assert_close(dark["photometric-error"], believed * bright["photometric-error"])


def photometric(method: Monodepth2, batch: Batch) -> Tensor:
    torch.manual_seed(7)  # the noise that breaks ties
    with torch.no_grad():
        return method.training_loss(batch, Progress())["photometric"]


def test_jittered_images_go_to_the_networks_and_clean_ones_to_the_loss():
    method = make_method().eval()
    batch, other = make_batch(), make_batch(seed=1)
    expected = photometric(method, batch)
    jittered = replace(batch, target_jittered=other.target, sources_jittered=other.sources)
    assert photometric(method, jittered) != expected
    with torch.no_grad():
        features = method.depth_network.encoder(batch.target)
        views, _ = method._views(jittered, features[-1], method.depth_network.decoder(features)[0])
    assert torch.equal(views.target, batch.target)
    assert torch.equal(views.sources, batch.sources)


@pytest.mark.parametrize("multi_scale", ["full-resolution", "per-scale"])
def test_pixels_that_are_not_usable_do_not_count(multi_scale: str):
    # SSIM looks one pixel around, a coarse pixel of the finest halvings covers eight: change content 16 rows below.
    method = make_method(multi_scale=multi_scale).eval()
    usable = torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[:, :, 40:] = False
    batch = make_batch(usable=usable)
    changed_target = batch.target.clone()
    changed_target[:, :, 56:] = 1 - changed_target[:, :, 56:]
    changed = replace(batch, target=changed_target)  # the networks still see the same jittered twin
    assert torch.equal(photometric(method, batch), photometric(method, changed))
    everything, altered = replace(batch, usable=None), replace(changed, usable=None)
    assert not torch.equal(photometric(method, everything), photometric(method, altered))


def test_nothing_takes_part_while_the_camera_stands():
    method = make_method().eval()
    batch = make_batch()
    still = replace(batch, sources=batch.target[:, None].repeat(1, 2, 1, 1, 1))
    with torch.no_grad():
        pictures = method.observe(still).pictures
    assert float(pictures["auto-mask"].mean()) < 0.1
    assert torch.equal(pictures["source"] == 0, pictures["auto-mask"] == 0)


def test_auto_masking_can_begin_later():
    batch = make_batch()
    masked, later, without = (make_method(**changes) for changes in ({}, {"mask_from_step": 10}, {"mask": "none"}))

    def loss(method: Monodepth2, step: int) -> float:
        torch.manual_seed(7)  # the noise that breaks ties
        with torch.no_grad():
            return float(method(batch, Progress(total_step=step))["photometric"])

    assert loss(masked, 0) < loss(without, 0)
    assert loss(later, 9) == loss(without, 9)
    assert loss(later, 10) == loss(masked, 10)


def test_a_lite_mono_depth_network_learns_with_the_pose_network_of_a_resnet():
    torch.manual_seed(0)
    settings = Monodepth2Settings(depth_network="lite-mono-tiny", pretrained=False)
    method = Monodepth2(settings)
    assert method.depth_network.decoder.scales == 3  # of the four asked for
    assert method.ego_motion is not None
    assert method.ego_motion.get_parameter("encoder.conv1.weight").shape == (64, 6, 7, 7)
    image = torch.rand(1, 3, 64, 96)
    assert [tuple(d.shape[-2:]) for d in method.predict_disparities(image)] == [(64, 96), (32, 48), (16, 24)]
