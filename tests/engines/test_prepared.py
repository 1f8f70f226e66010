"""Copies made ready for prediction predict the same, of every method and depth network."""

from dataclasses import replace

import pytest
import torch
from tests.toy_method import Toy, ToySettings
from torch import nn

from vection.engines.prepared import known_depths, prepared
from vection.methods.method import Method, changed
from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe
from vection.types import Depth, Image

IMAGE = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def build(recipe: str, **changes: object) -> Method:
    """Build a method whose batch norms have statistics of their own."""
    torch.manual_seed(0)
    method = build_method(replace(changed(get_recipe(recipe).method, **changes), pretrained=False)).eval()
    for module in method.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    return method


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("monodepth2", {}),
        ("monodepth2", {"depth_network": "lite-mono-tiny"}),
        ("sc-sfmlearner-dispresnet-416x128", {}),
        ("sgdepth-debug", {}),
        ("motion-field-debug", {}),
        ("dynamo-depth-debug", {}),
        ("street", {}),
    ],
)
@torch.no_grad()
def test_depth_and_motion_are_the_same_without_batch_norms(recipe: str, changes: dict[str, object]):
    method = build(recipe, **changes)
    fast = prepared(method)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())
    torch.testing.assert_close(fast.predict_depth(IMAGE), method.predict_depth(IMAGE), rtol=1e-5, atol=0)
    if method.knows.ego_motion:
        ego = [one.predict_motion(IMAGE, IMAGE.flip(-1)).ego for one in (fast, method)]
        torch.testing.assert_close(ego[0], ego[1], rtol=1e-5, atol=1e-7)


def test_the_method_itself_stays_as_it_was():
    method = build("street")
    before = {name: value.clone() for name, value in method.state_dict().items()}
    prepared(method)
    after = method.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_known_depth_is_not_computed_again():
    class Counting(Toy):
        calls = 0

        def predict_depth(self, image: Image) -> Depth:
            self.calls += 1
            return image[:, :1]

    method, other = Counting(ToySettings()), IMAGE.clone()
    with known_depths(method, [(IMAGE, torch.ones(1, 1, 64, 96))]):
        assert (method.predict_depth(IMAGE) == 1).all()
        assert method.calls == 0
        assert torch.equal(method.predict_depth(other), other[:, :1])  # an equal image is another one
    assert torch.equal(method.predict_depth(IMAGE), IMAGE[:, :1])
    assert method.calls == 2
