"""What is exported: a method's predictions as functions of bytes, with all preparation but resizing inside."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from vection.engines.engine import Part
from vection.errors import UsageError
from vection.methods.method import Method, Motion

Inputs = dict[str, Tensor]
"""Tensors by the names of a file's inputs."""

MOTION_INPUTS = ("first", "second", "before", "intrinsics")


class PartModule(nn.Module):
    """One part of a method, in evaluation mode; `depth_scale` turns what it predicts into the unit of the file."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __init__(self, method: Method, *, depth_scale: float = 1.0, in_bfloat16: bool = False) -> None:
        super().__init__()
        self.method = method
        self.depth_scale = depth_scale
        self.in_bfloat16 = in_bfloat16

    def precision(self) -> AbstractContextManager[Any]:
        """Return the context that convolutions run in; heads and geometry stay in float32."""
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.in_bfloat16 else nullcontext()


class DepthModule(PartModule):
    """Image (batch, height, width, 3), uint8, to depth (batch, height, width)."""

    inputs = ("image",)
    outputs = ("depth",)

    def forward(self, image: Tensor) -> Tensor:
        with self.precision():
            return self.depth_scale * self.method.predict_depth(_to_network(image))[:, 0].float()


class ClassesModule(PartModule):
    """Image (batch, height, width, 3), uint8, to Cityscapes train ids (batch, height, width), uint8."""

    inputs = ("image",)
    outputs = ("classes",)

    def forward(self, image: Tensor) -> Tensor:
        with self.precision():
            return self.method.predict_classes(_to_network(image))[:, 0]


class MotionModule(PartModule):
    """Images `first` and `second` (batch, height, width, 3), uint8, to the motion between them.

    Outputs are T_first_to_second (batch, 4, 4) and what else the method tells: object_flow (batch, height, width, 3),
    motion_mask (batch, height, width), intrinsics (batch, 3, 3). Methods that look at it get the frame before the first
    as `before`, and K of the images (batch, 3, 3) as `intrinsics`; frames follow each other evenly. UsageError if the
    motion depends on how fast they do.
    """

    def __init__(
        self, method: Method, *, depth_scale: float = 1.0, in_bfloat16: bool = False, size: tuple[int, int]
    ) -> None:
        super().__init__(method, depth_scale=depth_scale, in_bfloat16=in_bfloat16)
        self.inputs = MOTION_INPUTS
        example = example_inputs(self, size)
        everything = self._tell(example)
        if any(_differ(everything, self._tell(example, apart=seconds)) for seconds in (0.05, 0.5)):
            raise UsageError(
                "The motion that this model tells depends on the time between frames, which no file takes; leave that "
                "part out, and predict motion with the run itself."
            )
        used = [name for name in MOTION_INPUTS[2:] if _differ(everything, self._tell(example, without=name))]
        self.inputs = (*MOTION_INPUTS[:2], *used)
        self.outputs = tuple(everything)

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self._tell(dict(zip(self.inputs, images, strict=True))).values())

    def _tell(self, given: Inputs, *, without: str = "", apart: float | None = None) -> Inputs:
        """Return the outputs without an input, or with frames so many seconds `apart`."""
        seconds = None if apart is None else given["intrinsics"].new_tensor([[-apart, apart]])
        values: dict[str, Tensor | None] = {
            name: value if name == "intrinsics" else _to_network(value)
            for name, value in given.items()
            if name != without
        }
        with self.precision():
            motion: Motion = self.method.predict_motion(
                values["first"],  # type: ignore[arg-type]
                values["second"],  # type: ignore[arg-type]
                before=values.get("before"),
                intrinsics=values.get("intrinsics"),
                seconds=seconds,
            )
        scale = motion.ego.new_ones(3, 4)
        scale[:, 3] = self.depth_scale
        ego = torch.cat([motion.ego[:, :3] * scale, motion.ego[:, 3:]], dim=1)
        told = {"T_first_to_second": ego.float()}
        knows_objects = self.method.knows.object_motion
        if motion.object_flow is not None and knows_objects:
            told["object_flow"] = self.depth_scale * motion.object_flow.float().permute(0, 2, 3, 1)
        if motion.moving is not None and knows_objects:
            told["motion_mask"] = motion.moving[:, 0].float()
        if motion.intrinsics is not None:
            told["intrinsics"] = motion.intrinsics.float()
        return told


def build_part(
    part: Part, method: Method, *, depth_scale: float, in_bfloat16: bool, size: tuple[int, int]
) -> PartModule:
    """Return a part of a method that knows it."""
    if part == "motion":
        return MotionModule(method, depth_scale=depth_scale, in_bfloat16=in_bfloat16, size=size)
    kind = DepthModule if part == "depth" else ClassesModule
    return kind(method, depth_scale=depth_scale, in_bfloat16=in_bfloat16)


def example_inputs(module: PartModule, size: tuple[int, int], *, batch: int = 1) -> Inputs:
    """Return inputs of images of `size` (height, width): noise on a slope, which differs from input to input."""
    generator = torch.Generator().manual_seed(0)
    height, width = size
    inputs: Inputs = {}
    for name in module.inputs:
        if name == "intrinsics":
            K = torch.tensor([[0.8 * width, 0, width / 2], [0, 0.8 * width, height / 2], [0, 0, 1]])
            inputs[name] = K.expand(batch, 3, 3).contiguous()
            continue
        slope = torch.linspace(0, 180, height)[:, None, None]
        inputs[name] = (slope + 70 * torch.rand(batch, height, width, 3, generator=generator)).to(torch.uint8)
    return inputs


def _to_network(image: Tensor) -> Tensor:
    return image.permute(0, 3, 1, 2).float() / 255


def _differ(one: Inputs, other: Inputs) -> bool:
    return set(one) != set(other) or any(not torch.equal(one[name], other[name]) for name in one)
