from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vection.data.clips.folder import write_clip
from vection.data.sets.clip_dataset import ClipDataset, usable_targets
from vection.data.sets.validation_split import split_tail, split_validation
from vection.errors import DataError, UsageError
from vection.samples import stack


def test_reads_target_and_neighbours(tmp_path, make_clip):
    make_clip(tmp_path / "a", frames=5, stereo=True)
    dataset = ClipDataset(tmp_path, offsets=(-2, 1), use_stereo=True)
    assert dataset.sequences == [("a", 2)]
    assert dataset.target_frame(0) == ("a", 2)
    clip = dataset[0]
    assert clip.target.dtype == torch.uint8
    assert clip.target.shape == (1, 3, 8, 16)
    assert clip.target.unique().tolist() == [20]
    assert [frame.unique().tolist() for frame in clip.sources[0]] == [[0], [30]]
    assert clip.intrinsics[0, 0, 0] == 12
    assert clip.source_intrinsics[0, :, 0, 0].tolist() == [10, 13]
    torch.testing.assert_close(clip.seconds, torch.tensor([[-0.2, 0.1]]))
    assert clip.stereo is not None
    assert clip.stereo.image.unique().tolist() == [21]
    assert clip.stereo.T_target_to_stereo[0, 0, 3] == -0.5


def test_clips_never_mix_and_batches_stack(tmp_path, make_clip):
    make_clip(tmp_path / "a2", frames=4)
    make_clip(tmp_path / "deep" / "a10", frames=3, mask=True)
    dataset = ClipDataset(tmp_path)
    assert dataset.sequences == [("a2", 2), ("deep/a10", 1)]
    batch = stack([dataset[index] for index in range(len(dataset))])
    assert len(batch) == 3
    assert batch.usable is not None
    assert batch.usable.sum(dim=(1, 2, 3)).tolist() == [128, 128, 96]


def test_selection_limits_targets_and_sources(tmp_path, make_clip):
    make_clip(tmp_path / "a", frames=6)
    dataset = ClipDataset(tmp_path, selection={"a": [0, 1, 2, 4, 5]})
    assert [dataset.target_frame(index) for index in range(len(dataset))] == [("a", 1)]


def test_no_neighbours_across_a_gap_and_only_listed_targets(tmp_path, make_clip):
    assert usable_targets(range(8), offsets=(-1, 1), breaks=(3,)) == [1, 4, 5, 6]
    assert usable_targets(range(8), offsets=(-2, 1), breaks=(4,)) == [2, 6]
    assert usable_targets(range(4), offsets=(1,), breaks=(2,)) == [0, 2]
    info = make_clip(tmp_path / "a", frames=8)
    write_clip(replace(info, breaks=(3,), targets=(2, 4, 5)))
    dataset = ClipDataset(tmp_path)
    assert [dataset.target_frame(index)[1] for index in range(len(dataset))] == [4, 5]


def test_published_train_and_val_folders_are_the_split(tmp_path, make_clip):
    for name in ("train/a", "train/b", "val/c", "test/d"):
        make_clip(tmp_path / name, frames=4)
    training, validation = split_validation(tmp_path, fraction=0.5)
    assert [sequence for sequence in training.sequences if sequence[1]] == [("train/a", 2), ("train/b", 2)]
    assert [sequence for sequence in validation.sequences if sequence[1]] == [("val/c", 2)]


@pytest.mark.parametrize("offsets", [(), (0, 1)])
def test_refuses_bad_offsets(tmp_path, make_clip, offsets):
    make_clip(tmp_path, frames=3)
    with pytest.raises(UsageError, match="offsets"):
        ClipDataset(tmp_path, offsets=offsets)


def test_refuses_mixed_sizes_and_missing_stereo(tmp_path, make_clip):
    make_clip(tmp_path / "a", frames=3)
    with pytest.raises(DataError, match="no second camera"):
        ClipDataset(tmp_path, use_stereo=True)
    make_clip(tmp_path / "b", frames=3, width=24)
    with pytest.raises(DataError, match="differ in size"):
        ClipDataset(tmp_path)


@given(
    count=st.integers(1, 120),
    fraction=st.floats(0.01, 0.6),
    offsets=st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=4, unique=True),
)
def test_tail_keeps_a_gap(count, fraction, offsets):
    training, validation = split_tail(count, fraction=fraction, offsets=offsets)
    reach = max(abs(offset) for offset in offsets)
    seen = {target + offset for target in usable_targets(training, offsets=offsets) for offset in (0, *offsets)}
    held_out = {target + offset for target in usable_targets(validation, offsets=offsets) for offset in (0, *offsets)}
    assert seen | held_out <= set(range(count))
    assert all(abs(one - other) > reach for one in seen for other in held_out)
    if validation:
        assert held_out
        assert seen


def test_split_takes_tails_of_few_clips(tmp_path, make_clip):
    for name in "ab":
        make_clip(tmp_path / name, frames=14)
    training, validation = split_validation(tmp_path, fraction=0.2)
    assert [count for _, count in training.sequences] == [7, 7]
    assert [count for _, count in validation.sequences] == [2, 2]


def test_split_takes_whole_clips_of_many(tmp_path, make_clip):
    for number in range(20):
        make_clip(tmp_path / f"c{number}", frames=3)
    training, validation = split_validation(tmp_path, fraction=0.1)
    assert [name for name, count in validation.sequences if count] == ["c5", "c15"]
    assert [name for name, count in training.sequences if not count] == ["c5", "c15"]


def test_split_holds_out_all_cameras_of_a_scene(tmp_path, make_clip):
    for number in range(20):
        for camera in ("left", "right"):
            make_clip(tmp_path / f"d{number:02d}/{camera}", frames=3)
    training, validation = split_validation(tmp_path, fraction=0.1)
    held_out = [name for name, count in validation.sequences if count]
    assert held_out == ["d05/left", "d05/right", "d15/left", "d15/right"]
    assert [name for name, count in training.sequences if not count] == held_out


def test_a_halt_is_no_time_between_frames(tmp_path, make_clip):
    clip = make_clip(tmp_path / "drive", frames=5)
    waits = (0.0, 0.1, 30.2, 30.3, 30.4)
    frames = tuple(replace(frame, seconds=seconds) for frame, seconds in zip(clip.frames, waits, strict=True))
    write_clip(replace(clip, frames=frames, ingest={"dropped_static": 299}))
    times = [ClipDataset(tmp_path)[index].seconds[0].tolist() for index in range(3)]
    assert times == [pytest.approx([-0.1, 0.1], rel=1e-5)] * 3


def test_times_are_true_where_no_frames_of_a_halt_were_left_out(tmp_path, make_clip):
    clip = make_clip(tmp_path / "drive", frames=3)
    frames = tuple(
        replace(frame, seconds=seconds) for frame, seconds in zip(clip.frames, (0.0, 0.05, 0.4), strict=True)
    )
    for made in ({"skipped": []}, {"stride": 1, "dropped_static": 0}, None):
        write_clip(replace(clip, frames=frames, ingest=made))
        assert ClipDataset(tmp_path)[0].seconds[0].tolist() == pytest.approx([-0.05, 0.35], rel=1e-5)


def test_split_of_too_little_says_so(tmp_path, make_clip):
    make_clip(tmp_path, frames=3)
    assert len(split_validation(tmp_path, fraction=0.0)[0]) == 1
    with pytest.raises(DataError, match="too short"):
        split_validation(tmp_path, fraction=0.2)
    with pytest.raises(UsageError, match="fraction"):
        split_validation(tmp_path, fraction=1.0)
    with pytest.raises(DataError, match=r"no frame with neighbours at the offsets \(-2, 2\); give others\.$"):
        split_validation(tmp_path, fraction=0.0, offsets=(-2, 2))


def test_class_maps_lie_beside_the_frames(tmp_path, make_clip):
    info = make_clip(tmp_path / "a", frames=3)
    with pytest.raises(DataError, match="no class maps"):
        ClipDataset(tmp_path, use_classes=True)[0]
    write_clip(replace(info, classes="classes"))
    (tmp_path / "a" / "classes").mkdir()
    for index in range(3):
        ids = np.full((info.height, info.width), 11 + index, np.uint8)
        cv2.imwrite(str(tmp_path / "a" / "classes" / f"{index:06d}.png"), ids)
    dataset = ClipDataset(tmp_path, use_classes=True)
    clip = dataset[0]
    assert clip.classes is not None
    assert clip.source_classes is not None
    assert clip.classes.unique().tolist() == [12]
    assert clip.source_classes[0, :, 0, 0].tolist() == [11, 13]
    cv2.imwrite(str(tmp_path / "a" / "classes" / "000002.png"), np.zeros((3, 3), np.uint8))
    with pytest.raises(DataError, match=r"000002\.png is not an 8-bit 16x8 PNG"):
        dataset[0]


def test_clips_of_equal_intrinsics_share_a_camera(tmp_path, make_clip):
    clips = [make_clip(tmp_path / name, frames=3) for name in "abc"]
    other = tuple(replace(frame, intrinsics=(9.0, 9.0, 7.5, 3.5)) for frame in clips[1].frames)
    write_clip(replace(clips[1], frames=other))
    dataset = ClipDataset(tmp_path)
    assert [int(dataset[index].camera) for index in range(3)] == [0, 1, 0]


def test_test_clips_are_never_learned_also_without_val(tmp_path, make_clip):
    for name in ("train/a", "train/b", "test/c"):
        make_clip(tmp_path / name, frames=8)
    training, validation = split_validation(tmp_path, fraction=0.0)
    assert training.sequences == [("test/c", 0), ("train/a", 6), ("train/b", 6)]
    assert len(validation) == 0
    training, validation = split_validation(tmp_path, fraction=0.25)
    assert [count > 0 for _, count in training.sequences] == [False, True, True]
    assert [count > 0 for _, count in validation.sequences] == [False, True, True]
