"""Which device to compute on."""

from vection.errors import UsageError


def choose_device(wanted: str | None) -> str:
    """Return `wanted`, or the GPU if there is one; a device that is not there is a UsageError."""
    import torch

    if wanted is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(wanted).type
    except RuntimeError:
        raise UsageError(f"There is no device '{wanted}'; give cpu or cuda.") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError("PyTorch finds no GPU (cuda); leave `device` out, or install the CUDA build of torch.")
    if kind not in ("cpu", "cuda", "mps"):
        raise UsageError(f"The device '{wanted}' is not supported; give cpu or cuda.")
    return wanted
