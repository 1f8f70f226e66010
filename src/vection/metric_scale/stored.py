"""The scale of a run: where it is stored, and when it holds."""

from pathlib import Path

from vection.formats.checkpoint import weights_digest
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, read_scale
from vection.inference.predictor import Predictor


def scale_file(checkpoint: Path) -> Path:
    """Return where the scale of a checkpoint's run is stored; of one without a run beside its weights."""
    of_run = checkpoint.parent.name == "checkpoints" and not RunFolder(checkpoint).scale.is_file()
    return RunFolder(checkpoint.parent.parent if of_run else checkpoint).scale


def stored_scale(checkpoint: Path) -> RunScale | None:
    """Return the scale that was stored, whatever weights it is of; None if there is none."""
    path = scale_file(checkpoint)
    return read_scale(path) if path.is_file() else None


def apply_scale(predictor: Predictor, checkpoint: Path) -> None:
    """Turn depth into metres if a scale of these weights, for this size and window, is stored; else say why not."""
    scale = stored_scale(checkpoint)
    if scale is None:
        return
    other = what_else(scale, predictor, checkpoint)
    if not other:
        predictor.depth_scale, predictor.unit, predictor.scale_source = scale.factor, "metres", scale.source
    elif predictor.unit != "metres":
        again = "find it again (`vection scale` with `replace=True`)"
        predictor.scale_source = f"none: the scale that was found is that of {other}; {again}"


def what_else(scale: RunScale, predictor: Predictor, checkpoint: Path) -> str:
    """Return of what else a scale is than of these weights, this size and window, in words; empty if of these."""
    if weights_digest(checkpoint) != scale.weights:
        return f"other weights ({scale.checkpoint})"
    if (predictor.width, predictor.height) != (scale.width, scale.height):
        return f"images of {scale.width}x{scale.height}"
    if predictor.rule.choice != scale.window:
        return f"frames of which `window={scale.window}` is seen"
    return ""
