"""Eight-bit networks: static quantisation of an ONNX file, with ranges measured on the user's own frames."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from vection.engines.modules import Inputs
from vection.extras import extra

Keep = Literal["ends", "fragile", "encoder"]
"""What stays in float32, more from one to the next: the first convolution and those that make the output; depthwise
convolutions and the decoder's finest as well; all but the decoder."""

FINEST = 4
"""Convolutions of a decoder at full and half size, where errors are no longer averaged."""


def quantise(file: Path, out: Path, inputs: Sequence[Inputs], *, keep: Keep = "ends") -> None:
    """Write `file` with weights and activations of its convolutions in 8 bits; ranges are those met in `inputs`.

    Weights have a scale a channel. What makes the output stays in float32 in any case: a step of 1/255 of the
    disparity's range is half the depth of what is far.
    """
    with extra("onnx", purpose="Quantising"):
        import onnx
        from onnxruntime import quantization
    model = onnx.load(str(file))
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it recommends a preparation that the exporter has done
    try:
        quantization.quantize_static(
            model,
            str(out),
            _Reader(inputs),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_kept(model.graph, keep),
        )
    finally:
        logging.getLogger().setLevel(level)


class _Reader:
    """Feeds the frames to ONNX Runtime's calibration."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self._inputs: Iterator[Inputs] = iter(inputs)

    def get_next(self) -> dict[str, Any] | None:
        given = next(self._inputs, None)
        return None if given is None else {name: value.numpy() for name, value in given.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (given := self.get_next()) is not None:
            yield given


def _kept(graph: Any, keep: Keep) -> list[str]:
    """Names of the convolutions that stay in float32."""
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    kept = {node.name for node in convolutions[:1]} | _making_outputs(graph)
    if keep != "ends":
        kept |= {node.name for node in convolutions if _groups(node) > 1}
        kept |= {node.name for node in convolutions[-FINEST:]}
    if keep == "encoder":
        kept |= {node.name for node in convolutions if ".decoder" not in _scope(node)}
    return sorted(kept)


def _making_outputs(graph: Any) -> set[str]:
    """Names of the convolutions that lead to an output through no other convolution."""
    makers = {output: node for node in graph.node for output in node.output}
    waiting, seen, found = [output.name for output in graph.output], set(), set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.op_type == "Conv":
            found.add(node.name)
        else:
            waiting.extend(node.input)
    return found


def _groups(node: Any) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)


def _scope(node: Any) -> str:
    """Return the modules of PyTorch that a node comes from, as its exporter writes them."""
    return "".join(prop.value for prop in node.metadata_props if prop.key == "pkg.torch.onnx.name_scopes")
