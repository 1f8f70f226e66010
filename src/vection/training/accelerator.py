"""Hugging Face Accelerate as a training wants it: device, precision, compilation, trackers, several processes."""

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, get_args

import torch

from vection.errors import UsageError
from vection.extras import extra
from vection.names import look_up
from vection.training.settings import TrackerName, Tracking, TrainingSettings

with extra("train", purpose="Training"):
    from accelerate import Accelerator, PartialState
    from accelerate.state import AcceleratorState
    from accelerate.tracking import GeneralTracker
    from accelerate.utils import TorchDynamoPlugin, broadcast_object_list

T = TypeVar("T")

LONGEST_WAIT = timedelta(days=1)
"""Of the processes that torchrun started for the main one, which measures and renders before they begin."""
PROJECT = "vection"
"""Project or experiment under which trackers list runs, unless their own environment variables say otherwise."""


def make_accelerator(
    settings: TrainingSettings, device: str | None, *, trackers: Sequence[TrackerName] = ()
) -> Accelerator:
    """Return the accelerator of a new run; `device` None takes the GPU if there is one."""
    # A process may train several runs, of different precision and on different devices.
    AcceleratorState._reset_state(reset_partial_state=process_count() == 1)
    accelerator = Accelerator(
        cpu=_is_cpu(device) or None,
        mixed_precision=mixed_precision(settings, device),
        dynamo_plugin=TorchDynamoPlugin(backend="inductor") if settings.compile else None,
        log_with=list(trackers) or None,
    )
    if accelerator.num_processes != process_count():
        raise UsageError(
            f"{process_count()} processes were started, but {accelerator.num_processes} can train together on this "
            "device; choose another `device`, or start one process."
        )
    return accelerator


def check_trackers(names: Sequence[str]) -> tuple[TrackerName, ...]:
    """Return the names of trackers without repeats. Raises UsageError for an unknown one or one without its package."""
    known: dict[str, TrackerName] = {name: name for name in get_args(TrackerName)}
    trackers = tuple(dict.fromkeys(look_up(name, known, kind="tracker") for name in names))
    for name in trackers:
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"Logging with {name} needs {name}: pip install {name}.")
    return trackers


def start_trackers(accelerator: Accelerator, tracking: Tracking, *, run: Path) -> list[GeneralTracker]:
    """Start the accelerator's trackers, with the name of the folder `run`. Raises UsageError if one cannot start."""
    name = run.resolve().name
    named = {"mlflow": {"run_name": name}, "trackio": {"name": name}, "wandb": {"name": name}}
    try:
        accelerator.init_trackers(PROJECT, config=dict(tracking.settings), init_kwargs=named)
        missing = [name for name in tracking.names if name not in [tracker.name for tracker in accelerator.trackers]]
    except Exception as error:
        raise UsageError(
            f"Logging with {', '.join(tracking.names)} cannot begin ({type(error).__name__}: {error}); "
            "mend that, or leave `log_with` out."
        ) from error
    if missing:
        raise UsageError(f"Accelerate finds no {missing[0]}; install it anew (pip install {missing[0]}).")
    return list(accelerator.trackers)


def mixed_precision(settings: TrainingSettings, device: str | None) -> str:
    """Name Accelerate's precision; "auto" takes bfloat16 where the processor multiplies it natively."""
    names = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
    if settings.precision != "auto":
        return names[settings.precision]
    if torch.cuda.is_available() and device != "cpu":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if fast else "no"


def scaler_state(accelerator: Accelerator) -> dict[str, float]:
    """Return how the gradients of float16 are scaled, for a checkpoint; nothing in other precisions."""
    return {} if accelerator.scaler is None else accelerator.scaler.state_dict()


def restore_scaler(accelerator: Accelerator, state: Mapping[str, float]) -> None:
    """Scale the gradients of float16 as a checkpoint says; older ones say nothing of it."""
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(accelerator.scaler.state_dict() | dict(state))


def process_count() -> int:
    """Return how many processes train together; 1 unless torchrun, or the like, says otherwise."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _is_cpu(device: str | None) -> bool:
    """Whether training is on CPUs; Accelerate, unless told so, lets each of several processes train alone there."""
    return device == "cpu" or (process_count() > 1 and not torch.cuda.is_available())


def is_main_process() -> bool:
    """Return whether this process is the only one, or the first of several."""
    return process_count() == 1 or int(os.environ.get("RANK", "0")) == 0


@contextmanager
def main_process_first(device: str | None) -> Iterator[None]:
    """Let the main process do what is inside before the others, which find it done."""
    if process_count() == 1:
        yield
        return
    with PartialState(cpu=_is_cpu(device), timeout=LONGEST_WAIT).main_process_first():
        yield


def of_main_process(value: T) -> T:
    """Return what the main process has for `value`."""
    if process_count() == 1:
        return value
    values = [value]
    broadcast_object_list(values)
    return values[0]
