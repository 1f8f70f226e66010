"""The networks of a method as a predictor runs them: made fast, several images at once, no depth predicted twice."""

from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.weak import WeakTensorKeyDictionary

from vection.engines.engine import DepthEngine
from vection.engines.prepared import known_depths, prepared
from vection.errors import UsageError
from vection.inference.flip import blend_flipped
from vection.inference.steps import NetworkImage, NetworkMap
from vection.methods.method import Method, Motion
from vection.types import ClassMap, Depth, Image, InverseDepth


class Networks:
    """A method in evaluation mode; at the first prediction a copy is made of it, which predicts the same faster.

    `flip_postprocess` and `bfloat16` are those of `Predictor`. Depth of an image is remembered for as long as that very
    tensor, because motion networks ask for it again.
    """

    def __init__(self, method: Method, *, flip_postprocess: bool = False, bfloat16: bool = False) -> None:
        self.method = method
        self.flip_postprocess = flip_postprocess
        self.bfloat16 = bfloat16
        self.engine: DepthEngine | None = None
        """What predicts depth instead of the method's own network: that network in a file of another run time."""
        self.compiled = False
        """Whether the depth network goes through `torch.compile`: a minute at first, some percent faster after it."""
        self._depths = WeakTensorKeyDictionary()

    def inverse_depths(self, images: list[NetworkImage]) -> list[NetworkMap]:
        """Predict all images at once."""
        batch = images[0] if len(images) == 1 else torch.cat(images)
        with torch.inference_mode(), self._precision(batch):
            depth = self._depth(batch)
            inverse: InverseDepth = 1 / depth
            if self.flip_postprocess:
                inverse = blend_flipped(inverse, 1 / self._depth(batch.flip(-1)))
        for index, image in enumerate(images):
            self._depths[image] = depth[index : index + 1]
        return [np.asarray(one) for one in inverse[:, 0].cpu().numpy()]

    def motion(self, first: Image, second: Image, **context: Any) -> Motion:
        """Call `predict_motion` of the method; `context` are its keywords."""
        known = [(image, self._depths[image]) for image in (first, second) if image in self._depths]
        with torch.inference_mode(), self._precision(first), known_depths(self._fast, known):
            return self._fast.predict_motion(first, second, **context)

    def classes(self, image: Image) -> ClassMap:
        """Call `predict_classes` of the method."""
        with torch.inference_mode(), self._precision(image):
            return self._fast.predict_classes(image)

    @cached_property
    def _fast(self) -> Method:
        return prepared(self.method)

    def _depth(self, images: Image) -> Depth:
        if self.engine is not None:
            stored = (255 * images).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().contiguous()
            return torch.from_numpy(self.engine.depth(stored.numpy()))[:, None].to(images.device)
        if not self.compiled:
            return self._fast.predict_depth(images).float()
        try:
            return self._compiled(images).float()
        except Exception as error:
            if "torch._inductor" not in type(error).__module__ and "torch._dynamo" not in type(error).__module__:
                raise
            raise UsageError(
                "torch.compile failed; it needs a C++ compiler. Leave `compile` out, or mend that."
            ) from error

    @cached_property
    def _compiled(self) -> Any:
        return torch.compile(self._fast.predict_depth)

    def _precision(self, image: Image) -> AbstractContextManager[Any]:
        return torch.autocast(image.device.type, dtype=torch.bfloat16) if self.bfloat16 else nullcontext()
