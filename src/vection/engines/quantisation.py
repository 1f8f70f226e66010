"""Eight-bit networks: static quantisation of an ONNX file, with ranges measured on the user's own frames."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vection.engines.modules import Inputs
from vection.extras import extra


def quantise(file: Path, out: Path, inputs: Sequence[Inputs]) -> None:
    """Write `file` with weights and activations of its convolutions in 8 bits; ranges are those met in `inputs`.

    Weights have a scale a channel. The first convolution and the last ones, which make the output, stay in float32:
    they cost little and a step of 1/255 of the disparity's range is half the depth of what is far.
    """
    with extra("onnx", purpose="Quantising"):
        import onnx
        from onnxruntime import quantization
    model = onnx.load(str(file))
    logging.getLogger().setLevel(max(logging.getLogger().level, logging.ERROR))
    quantization.quantize_static(
        model,
        str(out),
        _Reader(inputs),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=_kept(model.graph),
        calibrate_method=quantization.CalibrationMethod.MinMax,
    )


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


def _kept(graph: Any) -> list[str]:
    """Names of the convolutions that read the image or lead to an output through no other convolution."""
    makers = {output: node for node in graph.node for output in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    kept = {convolutions[0].name} if convolutions else set()
    waiting, seen = [output.name for output in graph.output], set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.op_type == "Conv":
            kept.add(node.name)
        else:
            waiting.extend(node.input)
    return sorted(kept)
