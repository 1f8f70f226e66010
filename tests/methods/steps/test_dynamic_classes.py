import pytest
import torch
from torch import Tensor

from vection.methods.steps.dynamic_classes import dynamic_overlap, is_dynamic, pixels_to_learn

NAN = float("nan")


def mask(rows: list[str]) -> Tensor:
    """One mask, (1 height width), # is True."""
    return torch.tensor([[[character == "#" for character in row] for row in rows]])


def test_people_and_vehicles_are_dynamic_and_nothing_else():
    classes = torch.tensor([0, 10, 11, 12, 13, 17, 18, 19, 255], dtype=torch.uint8)
    assert is_dynamic(classes).tolist() == [False, False, True, True, True, True, True, False, False]


TARGET = mask(["##..", "...."])[None]
SAME, HALF, NOTHING = mask(["##..", "...."]), mask([".#..", ".#.."]), mask(["....", "...."])


@pytest.mark.parametrize(
    ("target", "sources", "mean", "pooled"),
    [
        (TARGET, [SAME, SAME], 1.0, 1.0),
        (TARGET, [SAME, HALF], (1 + 1 / 3) / 2, 3 / 5),
        (TARGET, [NOTHING, HALF], (0 + 1 / 3) / 2, 1 / 5),
        (NOTHING[None], [SAME, NOTHING], 0.0, 0.0),
        (NOTHING[None], [NOTHING, NOTHING], NAN, NAN),
    ],
)
def test_overlap_by_hand(target: Tensor, sources: list[Tensor], mean: float, pooled: float):
    warped = torch.cat(sources)[None]
    assert dynamic_overlap(target, warped).tolist() == pytest.approx([mean], nan_ok=True)
    assert dynamic_overlap(target, warped, combine="pooled").tolist() == pytest.approx([pooled], nan_ok=True)


def test_dynamic_pixels_of_any_frame_are_left_out_where_the_overlap_is_low():
    target = torch.cat([TARGET, TARGET, NOTHING[None]])
    warped = torch.stack([torch.cat([SAME, HALF])] * 2 + [torch.cat([NOTHING, NOTHING])])
    overlap = dynamic_overlap(target, warped)
    learned = pixels_to_learn(target, warped, overlap, threshold=torch.tensor(0.7))
    assert torch.equal(learned[0], ~mask(["##..", ".#.."]))
    assert learned[2].all()
    assert pixels_to_learn(target, warped, overlap, threshold=torch.tensor(0.6)).all()
    # The threshold itself is not below it.
    assert pixels_to_learn(target, warped, overlap, threshold=overlap[0]).all()
    everything = pixels_to_learn(target, warped, overlap, threshold=torch.tensor(torch.inf))
    assert everything.flatten(1).all(dim=1).tolist() == [False, False, True]
