"""Networks in files: what such a file says of itself, and what runs it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from vection.arrays import AnyArray, Unit
from vection.errors import DataError
from vection.files import json_object, json_text
from vection.formats.record import KEY, check_format, checked

RunTime = Literal["onnx", "openvino", "torch"]
Precision = Literal["fp32", "fp16", "bf16", "int8"]
Part = Literal["depth", "motion", "classes"]
"""What a file predicts: depth, motion between two frames, or classes."""

RgbImages = UInt8[np.ndarray, "batch height width 3"]
"""RGB as stored, 0..255."""

DepthMaps = Float32[np.ndarray, "batch height width"]
"""z of the camera, in the unit that the file states."""

FORMAT = 1
"""Number of the format of `NetworkFile`."""
METADATA = "vection"
"""Name under which a file holds its `NetworkFile` as JSON."""
SUFFIXES: dict[RunTime, str] = {"onnx": ".onnx", "openvino": ".xml", "torch": ".pt2"}
PACKAGES: dict[RunTime, str] = {"onnx": "ONNX Runtime", "openvino": "OpenVINO", "torch": "PyTorch"}

PREPARATION = (
    "RGB, 8 bits, batch x height x width x 3; images of other sizes are resized to these by area (cv2.INTER_AREA) if "
    "both sides shrink, else bilinearly (cv2.INTER_LINEAR). All else is inside."
)


@dataclass(frozen=True)
class NetworkFile:
    """What a file says of itself."""

    part: Part
    run_time: RunTime
    precision: Precision
    height: int
    width: int
    """Size of the images that the network was trained for, and takes if not `dynamic`."""
    dynamic: bool
    """Whether it takes any number of images of any size whose sides are multiples of 32."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    unit: Unit
    """Of depth, translation and object flow."""
    scale_source: str
    depth_scale: float
    """What the network's own depth was multiplied by to be in that unit."""
    model: str
    """The checkpoint that was exported."""
    weights: str
    """SHA-256 of the checkpoint's weights."""
    preparation: str = PREPARATION

    def to_json(self) -> str:
        """Return the text that a file holds."""
        return json_text({KEY: FORMAT} | asdict(self))


def read_description(text: str | None, *, path: Path) -> NetworkFile:
    """Return what the text of `to_json` says; DataError if it is none, or that of a newer vection."""
    remedy = "export the run again."
    if not text:
        raise DataError(f"{path} was not exported by vection; {remedy}")
    content = json_object(text, path=path, remedy=remedy)
    check_format(content, newest=FORMAT, path=path)
    return checked(NetworkFile, content, path=path, remedy=remedy)


@runtime_checkable
class Network(Protocol):
    """A network in a file, ready to run."""

    description: NetworkFile

    def run(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the outputs by name; `inputs` as the description lists them."""


@runtime_checkable
class DepthEngine(Protocol):
    """What predicts depth in place of a method's own network, in the network's own unit."""

    def depth(self, images: RgbImages) -> DepthMaps:
        """Predict from images of the size that the method was trained for."""


class NetworkEngine:
    """The depth network of a file as a `DepthEngine`; `depth_scale` is what the file's depth was multiplied by."""

    def __init__(self, network: Network, *, depth_scale: float = 1.0) -> None:
        self.network = network
        self.depth_scale = np.float32(depth_scale)

    def depth(self, images: RgbImages) -> DepthMaps:
        groups = [images] if self.network.description.dynamic else [image[None] for image in images]
        return np.concatenate([self.network.run({"image": group})["depth"] for group in groups]) / self.depth_scale
