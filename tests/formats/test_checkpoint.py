import contextlib
import errno
import os
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from vection.errors import DataError, UsageError
from vection.formats import checkpoint as module
from vection.formats.checkpoint import (
    CONFIG,
    OPTIMISER,
    WEIGHTS,
    find_checkpoint,
    load_optimiser,
    load_weights,
    read_config,
    save_checkpoint,
)


def save(folder: Path, value: float) -> None:
    save_checkpoint(folder, weights={"w": torch.full((2,), value)}, config={"value": value})


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["save_file", "first rename", "second rename", "after"])
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str):
    folder = tmp_path / "last"
    save(folder, 1.0)
    renames = 0
    original = Path.rename

    def rename(self: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if moment == ("first rename" if renames == 1 else "second rename"):
            raise Killed
        return original(self, target)

    def save_half(tensors: dict[str, torch.Tensor], path: Path) -> None:
        path.write_bytes(b"half")
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        if moment == "save_file":
            patched.setattr(module, "save_file", save_half)
        if moment == "after":
            patched.setattr(shutil, "rmtree", lambda *_, **__: None)
            save(folder, 2.0)
        else:
            with pytest.raises(Killed):
                save(folder, 2.0)
    found = find_checkpoint(folder)
    assert found is not None
    expected = 2.0 if moment == "after" else 1.0
    assert read_config(found)["value"] == expected
    weights = nn.ParameterDict({"w": nn.Parameter(torch.zeros(2))})
    load_weights(weights, found)
    assert weights["w"].tolist() == [expected, expected]
    save(folder, 3.0)  # and the next one is written as if nothing had been
    assert find_checkpoint(folder) == folder
    assert read_config(folder)["value"] == 3.0
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_what_is_renamed_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A loss of power could leave a file that was renamed without its content."""
    flushed: list[int] = []
    monkeypatch.setattr("os.fsync", lambda file: flushed.append(os.fstat(file).st_ino))
    save(tmp_path / "last", 1.0)
    assert {path.stat().st_ino for path in (tmp_path / "last").iterdir()} <= set(flushed)


@pytest.mark.parametrize(("number", "told"), [(errno.EINVAL, False), (errno.ENOSPC, True)])
def test_a_disk_that_is_full_only_when_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: bool
):
    def fails(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(UsageError, match="No space left") if told else contextlib.nullcontext():
        save(tmp_path / "last", 1.0)
    assert (find_checkpoint(tmp_path / "last") is None) == told


def test_what_a_kill_left_of_an_older_version_is_found(tmp_path: Path):
    save(tmp_path / "last", 1.0)
    (tmp_path / "last").rename(tmp_path / "last.old")
    assert find_checkpoint(tmp_path / "last") == tmp_path / "last.old"


def test_no_checkpoint(tmp_path: Path):
    assert find_checkpoint(tmp_path / "last") is None
    with pytest.raises(UsageError, match="is no checkpoint"):
        read_config(tmp_path / "last")


def test_damaged_checkpoints(tmp_path: Path):
    save(tmp_path / "last", 1.0)
    network = nn.Linear(2, 2)
    with pytest.raises(UsageError, match="do not fit the network"):
        load_weights(network, tmp_path / "last")
    (tmp_path / "last" / WEIGHTS).write_bytes(b"cut")
    with pytest.raises(DataError, match=f"{WEIGHTS}' is damaged"):
        load_weights(network, tmp_path / "last")
    (tmp_path / "last" / CONFIG).write_text('{"value": ')
    with pytest.raises(DataError, match="the checkpoint is damaged"):
        read_config(tmp_path / "last")


@pytest.mark.parametrize("trained", [(True, True), (False, True)])
def test_the_optimiser_goes_on_as_if_never_stopped(tmp_path: Path, trained: tuple[bool, bool]):
    def build() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3))
        for part, learns in zip(network, trained, strict=True):
            part.requires_grad_(learns)
        network.to(memory_format=torch.channels_last)
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        return network, torch.optim.Adam(learning, lr=1e-2, fused=True)

    def step(network: nn.Module, optimiser: torch.optim.Optimizer, seed: int) -> None:
        network(torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(seed))).square().sum().backward()
        optimiser.step()
        optimiser.zero_grad()

    network, optimiser = build()
    for seed in range(3):
        step(network, optimiser, seed)
    save_checkpoint(tmp_path / "last", weights=network.state_dict(), config={}, optimiser=optimiser)
    again, restored = build()
    load_weights(again, tmp_path / "last")
    load_optimiser(restored, tmp_path / "last")
    for seed in (3, 4):
        step(network, optimiser, seed)
        step(again, restored, seed)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_best_checkpoint_has_no_optimiser(tmp_path: Path):
    save(tmp_path / "best", 1.0)
    assert not (tmp_path / "best" / OPTIMISER).exists()
