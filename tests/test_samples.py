from dataclasses import replace

import pytest
import torch

from vection.errors import DataError
from vection.samples import Clip, StereoView, map_tensors, stack


def make_clip(value: int, *, stereo: bool = False, usable: bool = False) -> Clip:
    image = torch.full((1, 3, 4, 6), value, dtype=torch.uint8)
    K = torch.eye(3)[None] * value
    return Clip(
        image, image[:, None].repeat(1, 2, 1, 1, 1), image, image[:, None].repeat(1, 2, 1, 1, 1),
        K, K[:, None].repeat(1, 2, 1, 1), torch.tensor([[-0.1, 0.1]]),
        stereo=StereoView(image, image, K, torch.eye(4)[None]) if stereo else None,
        usable=torch.ones(1, 1, 4, 6, dtype=torch.bool) if usable else None,
    )  # fmt: skip


def test_stacked_clips_keep_their_order():
    clip = stack([make_clip(value, stereo=True, usable=True) for value in (1, 2, 3)])
    assert len(clip) == 3
    assert clip.target[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert clip.sources.shape == (3, 2, 3, 4, 6)
    assert clip.stereo is not None
    assert clip.stereo.intrinsics[:, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert clip.usable is not None
    assert clip.usable.shape == (3, 1, 4, 6)


def test_what_all_lack_the_batch_lacks():
    clip = stack([make_clip(1), make_clip(2)])
    assert clip.stereo is None
    assert clip.usable is None


@pytest.mark.parametrize("field", ["stereo", "usable"])
@pytest.mark.parametrize("order", [1, -1])
def test_what_some_lack_is_an_error(field: str, order: int):
    clips = [make_clip(1), make_clip(2, stereo=field == "stereo", usable=field == "usable")][::order]
    with pytest.raises(DataError, match=f"Some samples of a batch have '{field}' and some have not"):
        stack(clips)


def test_every_tensor_is_mapped_and_none_stays_none():
    clip = map_tensors(make_clip(1, stereo=True), lambda tensor: tensor + 1)
    assert clip.target.unique().tolist() == [2]
    assert clip.stereo is not None
    assert clip.stereo.image.unique().tolist() == [2]
    assert float(clip.stereo.T_target_to_stereo[0, 0, 1]) == 1.0
    assert clip.usable is None


def test_to_moves_everything():
    clip = make_clip(1, stereo=True, usable=True).to("meta")
    assert clip.target.device.type == clip.seconds.device.type == "meta"
    assert clip.stereo is not None
    assert clip.stereo.jittered.device.type == "meta"


def test_sizes_that_do_not_fit_are_refused():
    clip = make_clip(1)
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        stack([clip, replace(clip, target=clip.target[..., :4], target_jittered=clip.target[..., :4],
                             sources=clip.sources[..., :4], sources_jittered=clip.sources[..., :4])])  # fmt: skip
