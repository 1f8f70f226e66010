import torch
from tests.methods.test_motion_field import make_batch, make_method
from torch import Tensor

from vection.methods.method import Progress
from vection.networks.motion.motion_field import PredictedMotion
from vection.training.health import remarks
from vection.training.validation import validate


class Away(torch.nn.Module):
    """Stands in for a motion network that takes everything behind the camera."""

    def forward(self, first: Tensor, second: Tensor) -> PredictedMotion:
        rows, _, height, width = first.shape
        motion = torch.tensor([[0.0, 0.0, -1000.0]]).expand(rows, 3)
        return PredictedMotion(0 * motion, motion, torch.zeros(rows, 3, height, width), torch.zeros(rows, 8, 1, 1))


def test_a_motion_that_leaves_nothing_to_compare_is_remarked():
    method, batch = make_method(), make_batch()
    learning = validate(method, method, [batch], progress=Progress())
    assert 0.05 < learning.statistics["share_visible"] < 1
    assert not [remark for remark in remarks(learning.statistics) if "other frame" in remark]
    method.motion_network = Away()  # type: ignore[assignment]
    lost = validate(method, method, [batch], progress=Progress())
    assert lost.statistics["share_visible"] == lost.terms["colour"] == lost.terms["ssim"] == 0
    assert "Only 0% of the pixels are found in the other frame" in remarks(lost.statistics)[0]
    assert lost.nothing_compared(method.comparing)
    assert not learning.nothing_compared(method.comparing)
    assert not learning.nothing_compared(("segmentation",))
