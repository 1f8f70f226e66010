"""Which device to compute on."""

from vection.errors import UsageError


def choose_device(device: str | None) -> str:
    """Return `device`, or the GPU if there is one; a device that is not there is a UsageError."""
    import torch

    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise UsageError(f"There is no device '{device}'; give cpu or cuda.") from None
    kind = chosen.type
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError("PyTorch finds no GPU (cuda); leave `device` out, or install the CUDA build of torch.")
    if kind == "cuda" and (chosen.index or 0) >= (count := torch.cuda.device_count()):
        raise UsageError(f"There is no GPU '{device}': PyTorch finds {count}, counted from cuda:0; give one of them.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UsageError("PyTorch finds no GPU of Apple (mps); leave `device` out, or give cpu.")
    if kind not in ("cpu", "cuda", "mps"):
        raise UsageError(f"The device '{device}' is not supported; give cpu or cuda.")
    return device
