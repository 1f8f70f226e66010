"""The run times that a network can be exported to: how each writes a file and runs it."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch

from vection.arrays import AnyArray
from vection.engines.engine import METADATA, SUFFIXES, Network, NetworkFile, read_description
from vection.engines.modules import Inputs, PartModule
from vection.errors import DataError, UsageError
from vection.extras import extra

EXTRA_FILE = f"{METADATA}.json"
"""Name of the description inside a file of PyTorch."""
UNSAFE = ("custom_obj_", "opaque_obj_", "aotinductor")
"""Parts of the names in an exported program that are pickled objects or machine code; vection writes none."""
WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def write_onnx(module: PartModule, example: Inputs, file: Path, description: NetworkFile) -> None:
    """Write an ONNX file (opset of this torch); UsageError if torch cannot export the module."""
    with extra("onnx", purpose="Writing ONNX"):
        import onnx
        import onnxscript  # noqa: F401
    shapes = _dynamic_shapes(example) if description.dynamic else None
    # Torch warns of torchvision's operators, of which there are none here.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    try:
        program = torch.onnx.export(
            module,
            tuple(example.values()),
            dynamo=True,
            verbose=False,
            input_names=list(module.inputs),
            output_names=list(module.outputs),
            dynamic_shapes=shapes,
        )
    except torch.onnx.errors.OnnxExporterError as error:
        raise _not_exportable(description) from error
    assert program is not None
    model = program.model_proto
    model.metadata_props.add(key=METADATA, value=description.to_json())
    onnx.save(model, str(file))


def write_openvino(module: PartModule, example: Inputs, file: Path, description: NetworkFile) -> None:
    """Write OpenVINO's .xml with its .bin; weights of fp16 are stored, not computed, in half precision."""
    with extra("openvino", purpose="Writing OpenVINO files"):
        import openvino.frontend
    sizes = [list(value.shape) for value in example.values()]
    if description.dynamic:
        sizes = [[-1, *size[1:]] if len(size) == 3 else [-1, -1, -1, 3] for size in sizes]
    program = _program(module, example, description)
    try:
        model = openvino.convert_model(program, input=sizes)
    except openvino.frontend.OpConversionFailure as error:
        raise _not_exportable(description) from error
    for port, name in zip([*model.inputs, *model.outputs], [*module.inputs, *module.outputs], strict=True):
        port.get_tensor().set_names({name})
    save_openvino(model, file, description)


def save_openvino(model: Any, file: Path, description: NetworkFile) -> None:
    """Write a model of OpenVINO with its description."""
    import openvino

    model.set_rt_info(description.to_json(), METADATA)
    openvino.save_model(model, str(file), compress_to_fp16=description.precision == "fp16")


def write_torch(module: PartModule, example: Inputs, file: Path, description: NetworkFile) -> None:
    """Write an exported program, which needs PyTorch alone."""
    program = _program(module, example, description)
    torch.export.save(program, str(file), extra_files={EXTRA_FILE: description.to_json()})


def open_network(file: Path, *, threads: int | None = None) -> Network:
    """Open an exported file to run it on the CPU; `threads` is the run time's own choice if not given.

    UsageError if there is none or its run time is not installed, DataError if vection did not export it.
    """
    if not file.is_file():
        raise UsageError(f"There is no file {file}; export a run's network first.")
    kinds: dict[str, Callable[..., Network]] = {
        SUFFIXES["onnx"]: OnnxNetwork,
        SUFFIXES["openvino"]: OpenvinoNetwork,
        SUFFIXES["torch"]: TorchNetwork,
    }
    if file.suffix not in kinds:
        raise UsageError(f"{file} is no exported network; give a file that ends in {', '.join(kinds)}.")
    return kinds[file.suffix](file, threads=threads)


class OnnxNetwork:
    """Runs an ONNX file by ONNX Runtime."""

    def __init__(self, file: Path, *, threads: int | None = None) -> None:
        with extra("onnx", purpose=f"Running {file.name}"):
            import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise DataError(f"ONNX Runtime cannot read {file}; export the run again.") from error
        stated = self.session.get_modelmeta().custom_metadata_map.get(METADATA)
        self.description = read_description(stated, path=file)

    def run(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the outputs by name."""
        names = self.description.outputs
        return dict(zip(names, self.session.run(list(names), dict(inputs)), strict=True))


class OpenvinoNetwork:
    """Runs OpenVINO's file on the CPU: fp32 in full precision, even where the processor is faster in another."""

    def __init__(self, file: Path, *, threads: int | None = None) -> None:
        with extra("openvino", purpose=f"Running {file.name}"):
            import openvino
        core = openvino.Core()
        try:
            model = core.read_model(str(file))
        except RuntimeError as error:
            raise DataError(f"OpenVINO cannot read {file}; export the run again.") from error
        stated = str(model.get_rt_info(METADATA).astype(str)) if model.has_rt_info(METADATA) else None
        self.description = read_description(stated, path=file)
        hint = "bf16" if self.description.precision == "bf16" else "f32"
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self.request = core.compile_model(model, "CPU", settings).create_infer_request()

    def run(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the outputs by name."""
        found = self.request.infer(dict(inputs))
        return {name: np.array(found[name]) for name in self.description.outputs}


class TorchNetwork:
    """Runs an exported program by PyTorch, with as many threads as PyTorch has."""

    def __init__(self, file: Path, *, threads: int | None = None) -> None:
        del threads
        stated = {EXTRA_FILE: ""}
        try:
            check_program(file)
            with only_weights():
                program = torch.export.load(str(file), extra_files=stated)
        except (RuntimeError, ValueError, OSError, BadZipFile, UnpicklingError, AssertionError) as error:
            raise DataError(f"PyTorch cannot read {file}; export the run again.") from error
        self.description = read_description(stated[EXTRA_FILE], path=file)
        self.module = program.module()

    def run(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the outputs by name."""
        tensors = [torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in self.description.inputs]
        with torch.inference_mode():
            found = self.module(*tensors)
        values: Sequence[torch.Tensor] = found if isinstance(found, tuple | list) else (found,)
        return {name: value.numpy() for name, value in zip(self.description.outputs, values, strict=True)}


def check_program(file: Path) -> None:
    """Raise DataError if an exported program holds what PyTorch would unpickle or load as machine code."""
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if any(word in name for word in UNSAFE):
                raise DataError(f"{file} holds '{name}', which can run any program when it is read; it is not opened.")


@contextmanager
def only_weights() -> Iterator[None]:
    """Let PyTorch read nothing but tensors from pickles, whatever its own code asks for."""
    before = os.environ.get(WEIGHTS_ONLY)
    os.environ[WEIGHTS_ONLY] = "1"
    try:
        yield
    finally:
        os.environ.pop(WEIGHTS_ONLY)
        if before is not None:
            os.environ[WEIGHTS_ONLY] = before


def _dynamic_shapes(example: Inputs) -> tuple[Any, ...]:
    batch, rows, columns = (torch.export.Dim(name, min=1 + (name != "batch")) for name in ("batch", "rows", "columns"))
    image = {0: batch, 1: 32 * rows, 2: 32 * columns}
    shapes = tuple({0: batch} if value.dim() == 3 else image for value in example.values())
    return shapes if len(shapes) == 1 else (shapes,)  # several inputs are one argument, *images


def _program(module: PartModule, example: Inputs, description: NetworkFile) -> torch.export.ExportedProgram:
    from torch._dynamo.exc import UserError  # the compiler takes a second to import, and who predicts has no need of it

    shapes = _dynamic_shapes(example) if description.dynamic else None
    try:
        with torch.no_grad():
            return torch.export.export(module, tuple(example.values()), dynamic_shapes=shapes)
    except UserError as error:  # numbers that depend on the images, or sizes that must stay as they are
        raise _not_exportable(description) from error


def _not_exportable(description: NetworkFile) -> UsageError:
    remedy = "leave `dynamic` out" if description.dynamic else "predict with the run itself"
    return UsageError(f"PyTorch cannot export the {description.part} of this model; {remedy}.")
