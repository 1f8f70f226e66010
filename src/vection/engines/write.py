"""From a module to a file that was run and agrees with it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from vection.engines.agreement import Agreement, compare
from vection.engines.engine import NetworkFile, RunTime
from vection.engines.modules import Inputs, PartModule, example_inputs
from vection.engines.quantisation import Keep, quantise
from vection.engines.run_times import open_network, save_openvino, write_onnx, write_openvino, write_torch
from vection.extras import extra

WRITERS: dict[RunTime, Callable[[PartModule, Inputs, Path, NetworkFile], None]] = {
    "onnx": write_onnx,
    "openvino": write_openvino,
    "torch": write_torch,
}


def write_network(
    module: PartModule,
    exact: PartModule,
    file: Path,
    about: NetworkFile,
    inputs: Sequence[Inputs],
    *,
    tolerance: float | None = None,
) -> Agreement:
    """Write `module` to `file` as `about` says, and compare it with `exact`, the method in PyTorch, on `inputs`.

    Raises UsageError where they differ by more than the tolerance; the file is then of no use.
    """
    example = example_inputs(module, (about.height, about.width), batch=2 if about.dynamic else 1)
    if about.precision == "int8":
        return _write_quantised(module, exact, file, about, inputs, example=example, tolerance=tolerance)
    if about.precision == "fp16" and about.run_time == "onnx":
        _write_half(module, example, file, about)
    else:
        WRITERS[about.run_time](module, example, file, about)
    network = open_network(file)
    agreement = compare(network, exact, inputs)
    agreement.check(network, tolerance=tolerance)
    return agreement


def _write_quantised(
    module: PartModule,
    exact: PartModule,
    file: Path,
    about: NetworkFile,
    inputs: Sequence[Inputs],
    *,
    example: Inputs,
    tolerance: float | None,
) -> Agreement:
    """Write as much in 8 bits as agrees, measured on every second of the inputs and compared on the others."""
    whole, small = file.with_suffix(".whole.onnx"), file.with_suffix(".onnx")
    write_onnx(module, example, whole, about)
    choices: tuple[Keep, ...] = get_args(Keep)
    for keep in choices:
        quantise(whole, small, inputs[::2], keep=keep)
        if about.run_time == "openvino":
            with extra("openvino", purpose="Writing OpenVINO files"):
                import openvino
            save_openvino(openvino.convert_model(str(small)), file, about)
        network = open_network(file)
        agreement = compare(network, exact, inputs[1::2] or inputs)
        if agreement.within("int8", tolerance):
            break
    agreement.check(network, tolerance=tolerance)
    for rest in {whole, small} - {file}:
        rest.unlink()
    return agreement


def _write_half(module: PartModule, example: Inputs, file: Path, about: NetworkFile) -> None:
    write_onnx(module, example, file, about)
    with extra("onnx", purpose="Writing half precision"):
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
    onnx.save(convert_float_to_float16(onnx.load(str(file)), keep_io_types=True), str(file))
