from dataclasses import replace

import pytest
import torch

from vection.errors import DataError
from vection.samples import RawSample, RawStereoView, map_tensors, stack


def make_sample(value: int, *, stereo: bool = False, usable: bool = False) -> RawSample:
    image = torch.full((1, 3, 4, 6), value, dtype=torch.uint8)
    K = torch.eye(3)[None] * value
    return RawSample(
        target=image,
        sources=image[:, None].repeat(1, 2, 1, 1, 1),
        intrinsics=K,
        source_intrinsics=K[:, None].repeat(1, 2, 1, 1),
        seconds=torch.tensor([[-0.1, 0.1]]),
        stereo=RawStereoView(image, K, torch.eye(4)[None]) if stereo else None,
        usable=torch.ones(1, 1, 4, 6, dtype=torch.bool) if usable else None,
    )


def test_stacked_clips_keep_their_order():
    joined = stack([make_sample(value, stereo=True, usable=True) for value in (1, 2, 3)])
    assert len(joined) == 3
    assert joined.target[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert joined.sources.shape == (3, 2, 3, 4, 6)
    assert joined.stereo is not None
    assert joined.stereo.intrinsics[:, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert joined.usable is not None
    assert joined.usable.shape == (3, 1, 4, 6)


def test_what_all_lack_the_batch_lacks():
    joined = stack([make_sample(1), make_sample(2)])
    assert joined.stereo is None
    assert joined.usable is None


@pytest.mark.parametrize("field", ["stereo", "usable"])
@pytest.mark.parametrize("order", [1, -1])
def test_what_some_lack_is_an_error(field: str, order: int):
    samples = [make_sample(1), make_sample(2, stereo=field == "stereo", usable=field == "usable")][::order]
    with pytest.raises(DataError, match=f"Some samples of a batch have '{field}' and some have not"):
        stack(samples)


def test_every_tensor_is_mapped_and_none_stays_none():
    joined = map_tensors(make_sample(1, stereo=True), lambda tensor: tensor + 1)
    assert joined.target.unique().tolist() == [2]
    assert joined.stereo is not None
    assert joined.stereo.image.unique().tolist() == [2]
    assert float(joined.stereo.T_target_to_stereo[0, 0, 1]) == 1.0
    assert joined.usable is None


def test_to_moves_everything():
    joined = make_sample(1, stereo=True, usable=True).to("meta")
    assert joined.target.device.type == joined.seconds.device.type == "meta"
    assert joined.stereo is not None
    assert joined.stereo.image.device.type == "meta"


def test_sizes_that_do_not_fit_are_refused():
    sample = make_sample(1)
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        stack([sample, replace(sample, target=sample.target[..., :4], sources=sample.sources[..., :4])])
