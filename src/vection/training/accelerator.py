"""Hugging Face Accelerate as a training wants it: device, precision, compilation."""

import torch

from vection.extras import extra
from vection.training.settings import TrainingSettings

with extra("train", purpose="Training"):
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import TorchDynamoPlugin


def make_accelerator(settings: TrainingSettings, device: str | None) -> Accelerator:
    """Return the accelerator of a new run; `device` None takes the GPU if there is one."""
    AcceleratorState._reset_state()  # a process may train several runs, of different precision
    return Accelerator(
        cpu=device == "cpu" or None,
        mixed_precision=mixed_precision(settings, device),
        dynamo_plugin=TorchDynamoPlugin(backend="inductor") if settings.compile else None,
    )


def mixed_precision(settings: TrainingSettings, device: str | None) -> str:
    """Name Accelerate's precision; "auto" takes bfloat16 where the processor multiplies it natively."""
    names = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
    if settings.precision != "auto":
        return names[settings.precision]
    if torch.cuda.is_available() and device != "cpu":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if fast else "no"
