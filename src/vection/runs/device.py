"""Which device to compute on."""

from vection.errors import UsageError


def choose_device(device: str | None) -> str:
    """Return `device`, or the GPU if there is one; a device that is not there is a UsageError."""
    import torch

    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise UsageError(f"There is no device '{device}'; give cpu or cuda.") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError("PyTorch finds no GPU (cuda); leave `device` out, or install the CUDA build of torch.")
    if kind not in ("cpu", "cuda", "mps"):
        raise UsageError(f"The device '{device}' is not supported; give cpu or cuda.")
    return device
