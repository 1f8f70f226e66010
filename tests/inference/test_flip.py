import pytest
import torch

from vection.inference.flip import blend_flipped


def test_edges_and_middle():
    normal, mirrored = torch.full((1, 1, 2, 101), 1.0), torch.full((1, 1, 2, 101), 3.0)
    blended = blend_flipped(normal, mirrored)[0, 0, 0]
    assert blended[:6].tolist() == pytest.approx([3] * 6)  # the first 5 % come from the mirrored image
    assert blended[-6:].tolist() == pytest.approx([1] * 6)
    assert blended[7] == pytest.approx(0.6 * 3 + 0.4 * 2)  # l = 0.07: ramp 1 - 20 * 0.02
    assert blended[10:91].tolist() == pytest.approx([2] * 81)


def test_a_consistent_prediction_is_kept():
    inverse = torch.rand(2, 1, 4, 40, generator=torch.Generator().manual_seed(0)) + 0.1
    torch.testing.assert_close(blend_flipped(inverse, inverse.flip(-1)), inverse)


def test_sizes_must_agree():
    with pytest.raises(Exception, match=r"[Tt]ype"):
        blend_flipped(torch.ones(1, 1, 4, 8), torch.ones(1, 1, 4, 9))
