import pytest
import torch

from vection.methods.steps import overlap_log
from vection.methods.steps.overlap_log import OverlapLog, overlap_threshold, unmasked_share

INF, NAN = float("inf"), float("nan")
LOG = torch.tensor([0.8, NAN, 0.2, 0.4, 0.6, NAN, 1.0])


def test_the_share_rises_from_none_to_all_in_the_papers_last_ten_epochs():
    shares = [unmasked_share(epoch, begin=30, epochs=40) for epoch in range(30, 40)]
    assert shares == pytest.approx([step / 9 for step in range(10)])
    assert unmasked_share(29, begin=30, epochs=40) < 0
    assert [unmasked_share(epoch, begin=1, epochs=2) for epoch in (1, 2)] == [0, 1]


@pytest.mark.parametrize(
    ("share", "paper", "released"),
    [(0.0, INF, 0.0), (0.25, 0.8, 0.8), (0.5, 0.6, 0.6), (0.75, 0.4, 0.4), (1.0, 0.0, 0.2), (1.25, 0.0, 0.0)],
)
def test_thresholds_by_hand(share: float, paper: float, released: float):
    assert float(overlap_threshold(LOG, share)) == pytest.approx(paper)
    assert float(overlap_threshold(LOG, share, as_released=True)) == pytest.approx(released)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.75, 0.9])
def test_that_share_of_the_images_is_not_below_the_threshold(share: float):
    overlaps = torch.rand(1001, generator=torch.Generator().manual_seed(0))
    threshold = overlap_threshold(overlaps, share)
    assert float((overlaps >= threshold).float().mean()) == pytest.approx(share, abs=2e-3)


def test_without_anything_logged_all_is_masked_or_as_released_nothing():
    empty = torch.full((4,), NAN)
    assert float(overlap_threshold(empty, 0.5)) == INF
    assert float(overlap_threshold(empty, 0.5, as_released=True)) == 0


def test_an_epochs_log_gives_the_next_epochs_threshold_and_is_forgotten():
    log = OverlapLog()
    assert float(log.threshold) == INF
    log.add(LOG[:3])
    log.add(LOG[3:])
    saved = log.state_dict()
    assert int(saved["count"]) == len(LOG)
    resumed = OverlapLog()
    resumed.load_state_dict(saved)
    for one in (log, resumed):
        one.end_epoch(0.5)
        assert float(one.threshold) == pytest.approx(0.6)
        assert int(one.count) == 0
        assert one.overlaps.isnan().all()
    assert float(OverlapLog(as_released=True).threshold) == 0


def test_the_last_overlaps_count_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(overlap_log, "LOGGED", 4)
    log = OverlapLog()
    for value in (0.0, 0.0, 0.5, 0.6, 0.7, 0.8):
        log.add(torch.tensor([value]))
    assert sorted(log.overlaps.tolist()) == pytest.approx([0.5, 0.6, 0.7, 0.8])
