"""Depth, camera path and object motion, learned from your own unlabeled video."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vection.runs.load import load_predictor as load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    # Imported on first use: `vection --help` must not wait for torch.
    if name == "load":
        from vection.runs.load import load_predictor

        return load_predictor
    raise AttributeError(f"module 'vection' has no attribute '{name}'")
