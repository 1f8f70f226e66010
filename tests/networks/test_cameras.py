from dataclasses import replace

import pytest
import torch
from tests.batches import batch_of

from vection.networks.cameras import CENTRE_GAIN, FOCAL_GAIN, RATIO_GAIN, Cameras, LearnedCameras, PredictedCameras
from vection.samples import Batch
from vection.training.augmentation.geometry import mirror, zoom_crop

HEIGHT, WIDTH = 24, 40
GUESS = torch.tensor([[30.0, 0.0, 17.25], [0.0, 28.0, 10.5], [0.0, 0.0, 1.0]])


def make_batch(*, cameras: tuple[int, ...] = (0, 1)) -> Batch:
    image = torch.zeros(len(cameras), 3, HEIGHT, WIDTH)
    return batch_of(image, image[:, None], GUESS.repeat(len(cameras), 1, 1), camera=torch.tensor(cameras))


def corrected() -> LearnedCameras:
    """Cameras of which the first has other focal lengths and another centre than was guessed."""
    network = LearnedCameras()
    with torch.no_grad():
        network.corrections[0] = torch.tensor(
            [0.3 / FOCAL_GAIN, -0.5 / RATIO_GAIN, 0.05 / CENTRE_GAIN, 0.1 / CENTRE_GAIN]
        )
    return network


def test_an_untrained_camera_is_the_guess():
    torch.testing.assert_close(LearnedCameras()(make_batch()), make_batch().intrinsics)


def test_each_camera_is_corrected_by_itself():
    first, second = corrected()(make_batch())
    torch.testing.assert_close(second, GUESS)
    focal = GUESS.diagonal()[:2] * torch.tensor([0.3, -0.2]).exp()
    centre = GUESS[:2, 2] + torch.tensor([0.05 * WIDTH, 0.1 * HEIGHT])
    torch.testing.assert_close(first, torch.tensor([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]]))


@pytest.mark.parametrize("way", ["mirror", "zoom", "both"])
def test_a_learned_camera_follows_the_augmentation(way: str):
    batch, network = make_batch(cameras=(0, 0)), corrected()

    def changed(batch: Batch) -> Batch:
        if way != "zoom":
            batch = mirror(batch, torch.tensor([True, True]))
        if way != "mirror":
            batch = zoom_crop(batch, sizes=[(30, 44), (26, 60)], corners=[(3, 2), (1, 15)])
        return batch

    # Given the right K, augmentation changes it exactly; a correction of the guess must come to the same.
    right = changed(replace(batch, intrinsics=network(batch).detach()))
    torch.testing.assert_close(network(changed(batch)), right.intrinsics)


def test_learning_reaches_only_the_cameras_of_the_batch():
    network = LearnedCameras()
    network(make_batch(cameras=(3,))).sum().backward()
    gradient = network.corrections.grad
    assert gradient is not None
    assert set(gradient.abs().sum(dim=1).nonzero().flatten().tolist()) == {3}


def test_fy_follows_fx_but_does_not_teach_it():
    network = LearnedCameras()
    network(make_batch(cameras=(0,)))[:, 1, 1].sum().backward()
    gradient = network.corrections.grad
    assert gradient is not None
    assert gradient[0, 0] == 0
    assert gradient[0, 1] != 0
    with torch.no_grad():
        network.corrections[0, 0] = 0.2 / FOCAL_GAIN
    K = network(make_batch(cameras=(0,)))[0]
    torch.testing.assert_close(K[0, 0] / K[1, 1], GUESS[0, 0] / GUESS[1, 1])


def test_predicted_cameras_start_near_seven_tenths_of_the_size():
    torch.manual_seed(0)
    network = PredictedCameras(8)
    K = network(torch.zeros(2, 8, 3, 5), height=HEIGHT, width=WIDTH)
    assert K.shape == (2, 3, 3)
    torch.testing.assert_close(K[:, :2, 2], torch.tensor([[WIDTH / 2, HEIGHT / 2]] * 2))
    focal = K.detach().diagonal(dim1=1, dim2=2)[:, :2] / torch.tensor([WIDTH, HEIGHT])
    assert ((focal > 0.5) & (focal < 0.95)).all()


@pytest.mark.parametrize(("source", "count"), [("given", 0), ("per-camera", 1), ("per-pair", 3)])
def test_every_source_gives_the_target_and_its_sources_their_camera(source: str, count: int):
    batch = make_batch()
    cameras = Cameras(source, channels=4)  # type: ignore[arg-type]
    assert len(list(cameras.parameters())) == count
    K, of_sources = cameras(batch, torch.rand(2, 4, 2, 3))
    assert K.shape == (2, 3, 3)
    assert of_sources.shape == batch.source_intrinsics.shape
    if source == "given":
        assert K is batch.intrinsics
    torch.testing.assert_close(K[:, None].expand_as(of_sources), of_sources)


def test_learned_cameras_need_to_know_the_camera():
    with pytest.raises(ValueError, match="know their camera"):
        LearnedCameras()(replace(make_batch(), camera=None))


def test_what_was_found_is_in_pixels_of_the_stored_images():
    network = corrected().train()
    batch = mirror(make_batch(cameras=(0, 5)), torch.tensor([True, False]))
    network(zoom_crop(batch, sizes=[(30, 44), (26, 60)], corners=[(3, 2), (1, 15)]))
    found = network.found(batch.target.shape)
    assert set(found) == {0, 5}
    right = network(make_batch())[0]
    expected = (right[0, 0], right[1, 1], right[0, 2], right[1, 2])
    assert found[0] == pytest.approx([value.item() for value in expected], rel=1e-5)
    assert found[5] == pytest.approx([30.0, 28.0, 17.25, 10.5], rel=1e-5)
    assert Cameras("given", channels=4).found(batch.target.shape) == {}
