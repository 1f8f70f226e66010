import pytest
import torch
from tests.batches import batch_of
from torch import Tensor

from vection.geometry.rigid import invert, transform_from_axis_angle
from vection.networks.encoders.build import build_encoder
from vection.networks.motion.scene_flow import (
    MotionDecoderName,
    RefinementDecoder,
    build_motion_decoder,
    frames_around,
    mean_step,
)
from vection.samples import Batch

HEIGHT, WIDTH = 64, 96


def make_batch(seconds: list[list[float]]) -> Batch:
    """Each source is filled with its number, counted over the whole batch."""
    samples, count = len(seconds), len(seconds[0])
    sources = torch.arange(samples * count).view(samples, count, 1, 1, 1).expand(-1, -1, 3, 2, 2).float()
    target, K = torch.zeros(samples, 3, 2, 2), torch.eye(3).expand(samples, 3, 3)
    return batch_of(target, sources, K, seconds=torch.tensor(seconds))


def test_the_nearest_frames_in_any_order_and_the_time_to_all():
    batch = make_batch([[0.2, -0.1, 0.1, -0.2], [-0.3, 0.4, -0.1, 0.2]])
    around = frames_around(batch)
    assert around.before[:, 0, 0, 0].tolist() == [1, 6]
    assert around.following[:, 0, 0, 0].tolist() == [2, 7]
    torch.testing.assert_close(around.steps, torch.tensor([[2.0, -1, 1, -2], [-1.5, 2, -0.5, 1]]))
    assert around.even.tolist() == [True, False]


def test_uneven_time_steps():
    around = frames_around(make_batch([[-0.3, 0.1]]))
    torch.testing.assert_close(around.steps, torch.tensor([[-3.0, 1.0]]))


def test_frames_on_one_side_only():
    ahead = frames_around(make_batch([[0.1, 0.2]]))
    assert (ahead.before[0, 0, 0, 0], ahead.following[0, 0, 0, 0]) == (0, 0)
    assert ahead.steps.tolist() == [[1, 2]]
    assert not ahead.even
    past = frames_around(make_batch([[-0.2, -0.1]]))
    assert (past.before[0, 0, 0, 0], past.following[0, 0, 0, 0]) == (1, 1)
    assert past.steps.tolist() == [[2, 1]]


def test_the_mean_step_of_an_even_motion_is_that_of_every_source():
    step = transform_from_axis_angle(torch.tensor([[0.0, 0.02, 0.0]]), torch.tensor([[0.0, 0.0, -0.3]]))
    T_past_to_target = step  # points come nearer from frame to frame
    T_next_to_target = invert(step)
    ego = mean_step(torch.stack([T_past_to_target, T_next_to_target], dim=1), torch.tensor([[-1.0, 1.0]]))
    torch.testing.assert_close(ego[0], torch.tensor([0, 0, -0.3, 0, 0.02, 0]), atol=4e-3, rtol=0)
    alone = mean_step(T_past_to_target[:, None], torch.tensor([[-1.0]]))
    torch.testing.assert_close(alone[0], torch.tensor([0, 0, -0.3, 0, 0.02, 0]))
    twice = mean_step((step @ step)[:, None], torch.tensor([[-2.0]]))
    torch.testing.assert_close(twice[0, 3:], torch.tensor([0, 0.02, 0]), atol=1e-6, rtol=0)


def decode(name: MotionDecoderName, *, scales: int, outputs: int, images: int = 2) -> list[Tensor]:
    torch.manual_seed(0)
    encoder = build_encoder("efficientnet-lite0", images=images).eval()
    frames = torch.rand(2, 3 * images, HEIGHT, WIDTH)
    decoder = build_motion_decoder(name, encoder.channels, images=images, outputs=outputs, scales=scales)
    fields: list[Tensor] = decoder(encoder(frames), frames, torch.zeros(2, 6))
    torch.stack([field.sum() for field in fields]).sum().backward()
    used = [key for key, parameter in decoder.named_parameters() if parameter.grad is not None]
    assert used == [key for key, _ in decoder.named_parameters()]
    return [field.detach() for field in fields]


@pytest.mark.parametrize("name", ["refinement", "u-net"])
@pytest.mark.parametrize(("scales", "images"), [(3, 2), (4, 3)])
def test_fields_at_every_scale_start_near_no_motion(name: MotionDecoderName, scales: int, images: int):
    fields = decode(name, scales=scales, outputs=3, images=images)
    assert [tuple(one.shape) for one in fields] == [(2, 3, HEIGHT // 2**s, WIDTH // 2**s) for s in range(scales)]
    assert all(one.dtype == torch.float32 and 0 < float(one.abs().max()) < 0.1 for one in fields)


def test_the_mask_starts_undecided():
    assert (decode("refinement", scales=1, outputs=1)[0].sigmoid() - 0.5).abs().max() < 0.02


def test_the_refinement_starts_from_the_ego_motion():
    decoder = RefinementDecoder((4, 4, 4, 4, 4), images=2, outputs=3, scales=2)
    features = [torch.zeros(1, 4, HEIGHT // 2**s, WIDTH // 2**s) for s in range(1, 6)]
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.zero_()
        decoder.seed.weight[:, :3, 0, 0] = torch.eye(3)
        ego = torch.tensor([[0.1, 0.2, -0.3, 9.0, 9.0, 9.0]])
        fields = decoder(features, torch.zeros(1, 6, HEIGHT, WIDTH), ego)
    for field in fields:
        torch.testing.assert_close(field, ego[:, :3, None, None].expand_as(field))


def test_the_refinement_is_linear():
    torch.manual_seed(0)
    decoder = RefinementDecoder((4, 4, 4, 4, 4), images=2, outputs=3, scales=2)
    features = [torch.rand(3, 4, HEIGHT // 2**s, WIDTH // 2**s) for s in range(1, 6)]
    images, ego = torch.rand(3, 6, HEIGHT, WIDTH), torch.rand(3, 6)
    for tensor in (*features, images, ego):
        tensor[2] = 0.5 * (tensor[0] + tensor[1])
    with torch.no_grad():
        fine = decoder(features, images, ego)[0]
    torch.testing.assert_close(fine[2], 0.5 * (fine[0] + fine[1]), atol=1e-6, rtol=1e-5)


def test_a_rigid_start_is_the_cameras_translation_and_a_mask_of_a_half():
    images, ego = torch.rand(2, 6, 32, 64), torch.rand(2, 6) - 0.5
    features = [torch.rand(2, 4, 32 // 2**level, 64 // 2**level) for level in range(1, 6)]
    flow = RefinementDecoder((4, 4, 4, 4, 4), images=2, outputs=3, scales=2, start="rigid")
    for field in flow(features, images, ego):
        torch.testing.assert_close(field, ego[:, :3, None, None].expand_as(field))
    mask = RefinementDecoder((4, 4, 4, 4, 4), images=2, outputs=1, scales=1, start="rigid")
    assert not mask(features, images, ego)[0].any()


def test_a_still_start_is_no_motion_at_all():
    images, ego = torch.rand(2, 6, 32, 64), torch.rand(2, 6) - 0.5
    features = [torch.rand(2, 4, 32 // 2**level, 64 // 2**level) for level in range(1, 6)]
    for outputs in (1, 3):
        decoder = RefinementDecoder((4, 4, 4, 4, 4), images=2, outputs=outputs, scales=2, start="still")
        assert not any(field.any() for field in decoder(features, images, ego))
