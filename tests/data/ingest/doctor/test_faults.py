"""The synthetic half of benchmarks/doctor_faults.py: every injected fault is called by its name."""

import pytest
from benchmarks.doctor_faults import FAULTS, HARM, Fault, Frames, diagnose, inject, synthetic_frames, write_images


@pytest.fixture(scope="module")
def frames() -> Frames:
    return synthetic_frames()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.words)
def test_fault_is_named(fault: Fault, frames: Frames):
    named, findings, code = inject(fault, frames)
    assert named, f"{findings}, exit code {code}"


def test_good_drive_raises_no_alarm(frames: Frames, tmp_path):
    code, found = diagnose(write_images(tmp_path / "in", frames), None)
    assert code == 0
    assert [one["name"] for one in found["findings"] if one["verdict"] in HARM] == []
    assert found["width"] == 320
