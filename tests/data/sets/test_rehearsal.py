from pathlib import Path

import pytest
import torch

from vection.data.clips.folder import read_clip
from vection.data.measure.clip import measure_clip
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.sets.rehearsal import rehearsal_drives, with_rehearsal, write_rehearsal
from vection.data.synthetic import still_street, write_drive
from vection.data.synthetic.exact_geometry import SKY_DEPTH, write_exact_geometry
from vection.errors import DataError
from vection.formats.measured_geometry import read_measured
from vection.samples import stack


def test_a_rehearsal_mixes_with_measured_samples(tmp_path: Path):
    write_drive(tmp_path / "own", still_street(width=96, height=64, frames=6, antialias=False), seed=1)
    measure_clip(tmp_path / "own")
    own = ClipDataset(tmp_path / "own", use_sources=False, use_measured=True)
    write_rehearsal(tmp_path / "street", size=(64, 96), drives=2, seed=0)
    mixed = with_rehearsal(own, tmp_path / "street", share=0.5)
    assert len(mixed) == len(own) + 8  # type: ignore[arg-type]
    batch = stack([mixed[0], mixed[len(mixed) - 1]])  # type: ignore[arg-type]
    assert batch.measured is not None
    assert batch.usable is None
    assert (batch.measured.depth[1] > 0).float().mean() > 0.99


def test_a_rehearsal_is_usable_everywhere_beside_samples_with_masks(tmp_path: Path):
    settings = still_street(width=96, height=64, frames=6, antialias=False, bonnet=True)
    write_drive(tmp_path / "own", settings, seed=1)
    measure_clip(tmp_path / "own")
    own = ClipDataset(tmp_path / "own", use_sources=False, use_measured=True)
    write_rehearsal(tmp_path / "street", size=(64, 96), drives=1, seed=0)
    mixed = with_rehearsal(own, tmp_path / "street", share=0.5)
    batch = stack([mixed[0], mixed[len(mixed) - 1]])  # type: ignore[arg-type]
    assert batch.usable is not None
    assert not batch.usable[0].all()
    assert batch.usable[1].all()


def test_drives_that_are_there_are_kept(tmp_path: Path):
    write_rehearsal(tmp_path, size=(64, 96), drives=1, seed=0)
    file = tmp_path / "0000" / "clip.json"
    written = file.stat().st_mtime_ns
    write_rehearsal(tmp_path, size=(64, 96), drives=2, seed=0)
    assert file.stat().st_mtime_ns == written
    assert (tmp_path / "0001" / "measured" / "measured.json").is_file()


def test_drives_follow_the_share_within_bounds():
    assert rehearsal_drives(1000, share=1 / 3) == 125
    assert rehearsal_drives(10, share=0.5) == 50
    assert rehearsal_drives(100_000, share=0.5) == 250


def test_exact_geometry_is_the_truth(tmp_path: Path):
    folder = tmp_path / "drive"
    write_drive(folder, still_street(width=96, height=64, frames=3, antialias=False), seed=4)
    clip = read_clip(folder)
    write_exact_geometry(clip)
    measured = read_measured(folder)
    truths = [clip.read_truth(index) for index in range(3)]
    depth = measured.read_depth(1).depth
    seen = truths[1].depth > 0
    assert abs(depth[seen] / truths[1].depth[seen] - 1).max() < 1e-3  # stored in half precision
    assert (depth[~seen] == SKY_DEPTH).all()
    motion = measured.T_first_to_second(0, 2)
    worlds = [truth.T_camera_to_world for truth in truths]
    assert motion is not None
    assert worlds[0] is not None
    assert worlds[2] is not None
    true = torch.linalg.inv(torch.from_numpy(worlds[2])) @ torch.from_numpy(worlds[0])
    assert torch.allclose(torch.from_numpy(motion), true, atol=1e-6)
    back = measured.T_first_to_second(2, 0)
    assert back is not None
    assert torch.allclose(torch.from_numpy(back @ motion), torch.eye(4, dtype=torch.float64), atol=1e-9)


def test_geometry_of_other_frames_is_not_learned(tmp_path: Path):
    write_rehearsal(tmp_path, size=(64, 96), drives=1, seed=0)
    listed = tmp_path / "0000" / "measured" / "measured.json"
    listed.write_text(listed.read_text().replace('"name": "000001"', '"name": "other"'))
    with pytest.raises(DataError, match="measured in other frames"):
        ClipDataset(tmp_path, use_sources=False, use_measured=True)
