from dataclasses import replace

import pytest
import torch
from tests.batches import batch_of
from torch import Tensor

from vection.samples import Batch, Measured, RawSample, RawStereoView
from vection.training.augmentation.augment import augment
from vection.training.augmentation.colours import change_colours, draw_colour_change
from vection.training.augmentation.geometry import mirror, zoom_crop
from vection.training.augmentation.settings import Augmentation

BATCH, HEIGHT, WIDTH = 4, 24, 40
NOTHING = Augmentation(flip=0.0, jitter=0.0)


def make_samples(seed: int = 0) -> RawSample:
    generator = torch.Generator().manual_seed(seed)

    def image(*shape: int) -> Tensor:
        return torch.randint(0, 256, (BATCH, *shape, 3, HEIGHT, WIDTH), generator=generator, dtype=torch.uint8)

    K = torch.tensor([[30.0, 0.0, 17.25], [0.0, 28.0, 10.5], [0.0, 0.0, 1.0]]).repeat(BATCH, 1, 1)
    T = torch.eye(4).repeat(BATCH, 1, 1)
    T[:, :3, :3] = torch.linalg.matrix_exp(torch.tensor([[0.0, -0.1, 0.2], [0.1, 0.0, -0.3], [-0.2, 0.3, 0.0]]))
    T[:, :3, 3] = torch.tensor([-0.5, 0.1, 0.2])
    target, sources, other = image(), image(2), image()
    usable = torch.ones(BATCH, 1, HEIGHT, WIDTH, dtype=torch.bool)
    usable[..., :5, :10] = False
    source_K = K[:, None] * torch.tensor([1.1, 1.2, 1.0]).view(1, 1, 3, 1) * torch.ones(1, 2, 1, 1)
    stereo = RawStereoView(image=other, intrinsics=K, T_target_to_stereo=T)
    return RawSample(target, sources, K, source_K, torch.zeros(BATCH, 2), stereo=stereo, usable=usable)


def project(K: Tensor, points: Tensor) -> Tensor:
    """Pixels x, y of points (3 n)."""
    homogeneous = K @ points
    return homogeneous[:2] / homogeneous[2]


def test_without_probabilities_it_only_converts():
    raw = make_samples()
    batch = augment(raw, NOTHING, generator=torch.Generator())
    assert torch.equal(batch.target, raw.target.float() / 255)
    assert torch.equal(batch.sources_jittered, raw.sources.float() / 255)
    assert torch.equal(batch.intrinsics, raw.intrinsics)
    assert batch.stereo is not None
    assert batch.stereo.jittered.dtype == torch.float32


def test_flip_then_project_is_project_then_flip():
    batch = augment(make_samples(), NOTHING, generator=torch.Generator())
    flipped = mirror(batch, torch.tensor([True, False, True, False]))
    assert batch.stereo is not None
    assert flipped.stereo is not None
    points = torch.rand(3, 20, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [[4.0], [3.0], [5.0]]
    ) + torch.tensor([[-2.0], [-1.5], [3.0]])
    mirrored_points = points * torch.tensor([[-1.0], [1.0], [1.0]])
    for pair in ("intrinsics", "source_intrinsics"):
        before, after = getattr(batch, pair)[0].reshape(-1, 3, 3)[0], getattr(flipped, pair)[0].reshape(-1, 3, 3)[0]
        expected = project(before, points)
        expected[0] = WIDTH - 1 - expected[0]
        torch.testing.assert_close(project(after, mirrored_points), expected)
    R, t = batch.stereo.T_target_to_stereo[0, :3, :3], batch.stereo.T_target_to_stereo[0, :3, 3:]
    Rf, tf = flipped.stereo.T_target_to_stereo[0, :3, :3], flipped.stereo.T_target_to_stereo[0, :3, 3:]
    expected = project(batch.stereo.intrinsics[0], R @ points + t)
    expected[0] = WIDTH - 1 - expected[0]
    torch.testing.assert_close(project(flipped.stereo.intrinsics[0], Rf @ mirrored_points + tf), expected)
    assert tf[0] == -t[0]


def test_flip_touches_chosen_samples_only_and_everything_of_them():
    batch = augment(make_samples(), NOTHING, generator=torch.Generator())
    flipped = mirror(batch, torch.tensor([True, False, True, False]))
    assert batch.stereo is not None
    assert flipped.stereo is not None
    assert batch.usable is not None
    assert flipped.usable is not None
    for before, after in (
        (batch.target, flipped.target),
        (batch.sources, flipped.sources),
        (batch.stereo.image, flipped.stereo.image),
        (batch.usable, flipped.usable),
    ):
        assert torch.equal(after[0], before[0].flip(-1))
        assert torch.equal(after[1], before[1])
    assert torch.equal(flipped.stereo.T_target_to_stereo[1], batch.stereo.T_target_to_stereo[1])
    twice = mirror(flipped, torch.tensor([True, False, True, False]))
    torch.testing.assert_close(twice.intrinsics, batch.intrinsics)


def blob_batch(x: float, y: float) -> tuple[Batch, Tensor]:
    """A smooth blob at a projected point; its centre of mass is measurable below a hundredth of a pixel."""
    raw = make_samples()
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    blob = torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.5**2)).expand(BATCH, 3, HEIGHT, WIDTH)
    K = raw.intrinsics[0]
    point = torch.linalg.inv(K) @ torch.tensor([[x], [y], [1.0]]) * 7.0
    sources = blob[:, None].expand(-1, 2, -1, -1, -1)
    return batch_of(blob, sources, raw.intrinsics, source_K=raw.source_intrinsics), point


def centre(image: Tensor) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return torch.stack([(image * columns).sum(), (image * rows).sum()]) / image.sum()


def test_zoomed_intrinsics_follow_the_pixels():
    batch, point = blob_batch(19.3, 11.8)
    zoomed = zoom_crop(batch, sizes=[(27, 50), (24, 40), (36, 40), (30, 60)], corners=[(1, 4), (0, 0), (7, 0), (3, 9)])
    for index in range(BATCH):
        found = centre(zoomed.target[index, 0])
        torch.testing.assert_close(project(zoomed.intrinsics[index], point)[:, 0], found, atol=0.03, rtol=0)
    assert torch.equal(zoomed.target[1], batch.target[1])
    torch.testing.assert_close(zoomed.intrinsics[1], batch.intrinsics[1])
    torch.testing.assert_close(zoomed.sources[0, 1], zoomed.target[0])


def test_zoomed_mask_is_cautious():
    batch = augment(
        make_samples(), Augmentation(flip=0.0, jitter=0.0, scale_crop=1.5), generator=torch.Generator().manual_seed(1)
    )
    assert batch.usable is not None
    assert batch.usable.dtype == torch.bool
    assert 0 < (~batch.usable).sum() < batch.usable.numel() / 2


def test_colour_change_is_shared_by_the_frames_and_leaves_clean_images():
    raw = make_samples()
    assert raw.stereo is not None
    same = replace(
        raw,
        sources=raw.target[:, None].repeat(1, 2, 1, 1, 1),
        stereo=replace(raw.stereo, image=raw.target),
    )
    batch = augment(same, Augmentation(flip=0.0, jitter=1.0), generator=torch.Generator().manual_seed(3))
    assert batch.stereo is not None
    assert torch.equal(batch.target, raw.target.float() / 255)
    assert not torch.equal(batch.target_jittered, batch.target)
    torch.testing.assert_close(batch.sources_jittered[:, 0], batch.target_jittered)
    torch.testing.assert_close(batch.sources_jittered[:, 1], batch.target_jittered)
    torch.testing.assert_close(batch.stereo.jittered, batch.target_jittered)


def one_change(**limits: float) -> tuple[Tensor, Tensor]:
    none = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    settings = Augmentation(jitter=1.0, **{**none, **limits})
    return draw_colour_change(3, settings, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("image", [torch.rand(3, 3, 6, 7, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25])
def test_single_colour_changes(image):
    grey = (image * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)

    ratio = change_colours(image, *one_change(brightness=0.2)) / image
    assert (ratio.amax(dim=(1, 2, 3)) - ratio.amin(dim=(1, 2, 3))).max() < 1e-5
    assert ((ratio - 1).abs() < 0.2 + 1e-6).all()

    mean = grey.mean(dim=(2, 3), keepdim=True)
    ratio = (change_colours(image, *one_change(contrast=0.2)) - mean) / (image - mean)
    assert (ratio.amax(dim=(1, 2, 3)) - ratio.amin(dim=(1, 2, 3))).max() < 1e-3

    ratio = (change_colours(image, *one_change(saturation=0.2)) - grey) / (image - grey)
    assert (ratio.amax(dim=(1, 2, 3)) - ratio.amin(dim=(1, 2, 3))).max() < 1e-3

    of_image, of_mean = one_change(hue=0.1)
    turned = of_image @ image.flatten(2) + of_mean @ image.flatten(2).mean(2, keepdim=True)
    weights = torch.tensor([0.299, 0.587, 0.114])
    torch.testing.assert_close((turned * weights.view(3, 1)).sum(1), grey.flatten(1), atol=1e-3, rtol=0)
    assert not torch.allclose(turned, image.flatten(2), atol=1e-3)


def test_draws_repeat_with_the_seed_and_respect_probability():
    first = augment(make_samples(), Augmentation(scale_crop=1.2), generator=torch.Generator().manual_seed(7))
    again = augment(make_samples(), Augmentation(scale_crop=1.2), generator=torch.Generator().manual_seed(7))
    other = augment(make_samples(), Augmentation(scale_crop=1.2), generator=torch.Generator().manual_seed(8))
    assert torch.equal(first.target_jittered, again.target_jittered)
    assert not torch.equal(first.target_jittered, other.target_jittered)
    of_image, _ = draw_colour_change(400, Augmentation(jitter=0.25), generator=torch.Generator().manual_seed(0))
    unchanged = (of_image == torch.eye(3)).all(dim=(1, 2)).float().mean()
    assert 0.68 < unchanged < 0.82


def test_stored_pixels_and_class_maps_follow_the_image():
    raw = make_samples()
    ids = raw.target[:, :1] // 16  # known from the image's red channel, so that they can be compared after the changes
    batch = augment(
        replace(raw, classes=ids, source_classes=raw.sources[:, :, 0] // 16), NOTHING, generator=torch.Generator()
    )
    assert torch.equal(batch.stored_to_image, torch.eye(3).expand(BATCH, 3, 3))
    sizes, corners = [(48, 80)] * BATCH, [(10, 24)] * BATCH
    changed = zoom_crop(mirror(batch, torch.ones(BATCH, dtype=torch.bool)), sizes=sizes, corners=corners)
    assert changed.classes is not None
    assert changed.source_classes is not None
    place = changed.stored_to_image @ torch.tensor([12.0, 8.0, 1.0])
    x, y = (place[0, :2] + 1e-4).round().long().tolist()
    # Twice as large, so a stored pixel is four: this one is at its upper or left edge.
    assert int(changed.classes[0, 0, y, x]) == int(ids[0, 0, 8, 12])
    assert int(changed.source_classes[0, 1, y, x]) == int(raw.sources[0, 1, 0, 8, 12]) // 16
    assert changed.classes.dtype == torch.uint8


def test_degraded_images_stay_in_range_and_differ_from_clean_ones():
    settings = Augmentation(flip=0.0, gamma=0.5, blur=0.5, noise=0.05)
    raw = make_samples()
    batch, again = (augment(raw, settings, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(batch.target_jittered, again.target_jittered)
    assert float(batch.target_jittered.min()) >= 0
    assert float(batch.target_jittered.max()) <= 1
    assert (batch.target_jittered - batch.target).abs().flatten(1).mean(dim=1).min() > 0.005
    assert torch.equal(batch.target, raw.target.float() / 255)


def test_frames_of_a_sample_are_degraded_alike_with_or_without_jitter():
    raw = make_samples()
    raw = replace(raw, sources=raw.target[:, None].repeat(1, 2, 1, 1, 1))
    for jitter in (0.0, 1.0):
        settings = Augmentation(flip=0.0, jitter=jitter, gamma=0.5, blur=0.5)
        batch = augment(raw, settings, generator=torch.Generator().manual_seed(4))
        assert torch.allclose(batch.sources_jittered, batch.target_jittered[:, None])
        assert not torch.allclose(batch.target_jittered, batch.target, atol=0.01)
    batch = augment(raw, replace(settings, noise=0.1), generator=torch.Generator().manual_seed(4))
    assert not torch.allclose(batch.sources_jittered[:, 0], batch.sources_jittered[:, 1], atol=0.01)


def test_measured_geometry_follows_the_images():
    depth = torch.arange(1, 1 + HEIGHT * WIDTH, dtype=torch.float32).view(1, 1, HEIGHT, WIDTH).repeat(BATCH, 1, 1, 1)
    motion = torch.eye(4).repeat(BATCH, 2, 1, 1)
    motion[:, :, 0, 3] = 0.5
    ground = torch.tensor([[0.1, 0.7, 0.0]]).repeat(BATCH, 1)
    measured = Measured(
        depth,
        torch.ones_like(depth),
        ground,
        motion,
        torch.ones(BATCH, 2, dtype=torch.bool),
        torch.zeros(BATCH, dtype=torch.bool),
    )
    raw = replace(make_samples(), measured=measured)
    mirrored = augment(raw, replace(NOTHING, flip=1.0), generator=torch.Generator()).measured
    assert mirrored is not None
    assert torch.equal(mirrored.depth, depth.flip(-1))
    assert mirrored.ground[0].tolist() == pytest.approx([-0.1, 0.7, 0.0])
    assert (mirrored.T_target_to_source[:, :, 0, 3] == -0.5).all()
    zoomed = augment(raw, replace(NOTHING, scale_crop=1.5), generator=torch.Generator().manual_seed(0))
    assert zoomed.measured is not None
    x, y = 20, 12
    for image, of in zip(zoomed.measured.depth, zoomed.stored_to_image, strict=True):
        assert torch.isin(image, depth).all()  # nothing is mixed
        place = torch.linalg.inv(of) @ torch.tensor([float(x), float(y), 1.0])
        column, row = int(image[0, y, x] - 1) % WIDTH, int(image[0, y, x] - 1) // WIDTH
        assert abs(column - float(place[0])) <= 0.51
        assert abs(row - float(place[1])) <= 0.51
