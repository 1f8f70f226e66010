from hypothesis import given, settings
from hypothesis import strategies as st

from vection.training.batches import EpochBatches

few = settings(max_examples=25, deadline=None, derandomize=True)
sizes = st.integers(1, 12)


def batches(samples: int, *, batch_size: int, count: int, epoch: int = 0, skipped: int = 0, **more: int):
    sampler = EpochBatches(samples, batch_size=batch_size, batches=count, seed=3, **more)
    sampler.start(epoch, skipped=skipped)
    found = list(sampler)
    assert len(found) == len(sampler)
    return found


@few
@given(samples=st.integers(1, 30), batch_size=sizes, count=sizes)
def test_every_permutation_holds_every_sample_once(samples: int, batch_size: int, count: int):
    found = batches(samples, batch_size=batch_size, count=count)
    assert [len(batch) for batch in found] == [batch_size] * count
    order = [index for batch in found for index in batch]
    for start in range(0, len(order), samples):
        part = order[start : start + samples]
        assert len(set(part)) == len(part)
        assert set(part) <= set(range(samples))


@few
@given(samples=st.integers(2, 30), batch_size=sizes, count=sizes, skipped=st.integers(0, 11), epoch=st.integers(0, 5))
def test_skipping_leaves_the_rest_of_the_epoch(samples: int, batch_size: int, count: int, skipped: int, epoch: int):
    skipped = min(skipped, count)
    whole = batches(samples, batch_size=batch_size, count=count, epoch=epoch)
    assert whole[skipped:] == batches(samples, batch_size=batch_size, count=count, epoch=epoch, skipped=skipped)


@few
@given(batch_size=st.integers(1, 4), count=st.integers(1, 5), processes=st.integers(1, 4))
def test_processes_share_the_epoch_of_one(batch_size: int, count: int, processes: int):
    samples = batch_size * count * processes
    parts = [
        batches(samples, batch_size=batch_size, count=count, process=process, processes=processes)
        for process in range(processes)
    ]
    together = [index for step in zip(*parts, strict=True) for batch in step for index in batch]
    assert sorted(together) == list(range(samples))
    alone = batches(samples, batch_size=batch_size * processes, count=count)
    assert together == [index for batch in alone for index in batch]


def test_epochs_and_seeds_differ_and_repeat():
    epochs = [batches(40, batch_size=10, count=4, epoch=epoch) for epoch in (0, 1, 0)]
    assert epochs[0] == epochs[2] != epochs[1]
    other = EpochBatches(40, batch_size=10, batches=4, seed=4)
    other.start(0)
    assert list(other) != epochs[0]
