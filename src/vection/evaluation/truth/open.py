"""Ground truth of whatever form lies at a place."""

import math
from pathlib import Path

from vection.data.clips.folder import has_clips
from vection.data.clips.truth_sources import MEASURED
from vection.errors import UsageError
from vection.evaluation.predictions.read import PNG_FACTOR
from vection.evaluation.truth.cityscapes import cityscapes_truth, is_cityscapes
from vection.evaluation.truth.dynamo_layout import dynamo_truth, is_dynamo_layout
from vection.evaluation.truth.measured import measured_truth
from vection.evaluation.truth.truth_set import TruthSet, clip_truth, exported_truth, kitti_2015_truth, png_truth


def checked_part(truth: object, part: str) -> str:
    """Return the `part` (train, val, test) if `truth` is the place of Cityscapes; UsageError if it has no parts."""
    if isinstance(truth, Path | str) and is_cityscapes(Path(truth)):
        return part
    raise UsageError(f"{truth} is not Cityscapes in its own layout, so it has no part '{part}'; leave `part` out.")


def open_truth(
    path: Path, *, source: str | None = None, part: str | None = None, factor: float | None = None
) -> TruthSet:
    """Open ground truth of whatever form lies at `path`; UsageError if there is nothing, or none of the known forms.

    `source` is where a protocol wants it from: depth that was measured in clips is opened only for "measured", that of
    KITTI 2015 with a baseline of 0.54 m only for "kitti-2015-nominal". `part` is the part (train, val, test) of
    Cityscapes in its own layout; other layouts have none. `factor` is what metres were multiplied by in 16-bit PNG,
    256 if not given; other forms state their unit.
    """
    if factor is not None and not (math.isfinite(factor) and factor > 0):
        raise UsageError(f"`truth_factor={factor:g}` is no factor; it must be positive.")
    truths = _open(path, source=source, part=part, factor=factor or PNG_FACTOR)
    if factor is not None and not truths.description.startswith("16-bit PNG"):
        raise UsageError(f"{path} holds no plain 16-bit PNG, so its unit is known; leave `truth_factor` out.")
    return truths


def open_other_truth(path: Path, *, source: str | None = None, factor: float | None = None) -> TruthSet:
    """Open ground truth beside that which is compared with; `factor` is taken where it is plain 16-bit PNG, too."""
    return _open(path, source=source, part=None, factor=factor or PNG_FACTOR)


def _open(path: Path, *, source: str | None, part: str | None, factor: float) -> TruthSet:
    if not path.exists():
        raise UsageError(f"There is no ground truth at {path}.")
    if source == MEASURED:
        return measured_truth(path)
    if path.is_file():
        if path.suffix.lower() != ".npz":
            raise UsageError(f"{path} is no ground truth: a folder or an exported .npz is expected.")
        return exported_truth(path)
    if (path / "training" / "disp_occ_0").is_dir():
        return kitti_2015_truth(path, nominal_baseline=source == "kitti-2015-nominal")
    if is_cityscapes(path):
        return cityscapes_truth(path, part=part)
    if has_clips(path):
        return clip_truth(path)
    return dynamo_truth(path) if is_dynamo_layout(path) else png_truth(path, factor=factor)
