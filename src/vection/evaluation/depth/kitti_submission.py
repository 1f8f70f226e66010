"""Depth as KITTI's depth prediction server wants it: 500 PNGs of 1216 x 352 pixels, depth * 256 in 16 bits."""

import re
from pathlib import Path

import numpy as np

from vection.errors import DataError, UsageError
from vection.evaluation.depth.evaluate import depth_at_size
from vection.evaluation.predictions.kinds import PredictionReader
from vection.files import whole_folder
from vection.inference.write import write_depth_png
from vection.progress import Report

IMAGES = 500
SIZE = (352, 1216)
"""Height and width of the test images."""
FARTHEST = 80.0
"""Metres; Monodepth2 cuts its submission there, and the protocol `kitti-server` does."""


def write_submission(
    predictions: PredictionReader,
    out: Path,
    *,
    factor: float | None = None,
    max_depth: float = FARTHEST,
    images: int = IMAGES,
    progress: Report | None = None,
) -> Path:
    """Write `out`/NNNNNNNNNN.png of every prediction, times `factor`, in one step; return `out`.

    Inverse depth is resized to the test images' size. Raises UsageError for another number of images, for names that
    are not ten digits, for depth of unknown scale without a factor, for a `max_depth` that is not positive, and if
    `out` holds something; DataError for a map with a depth that is not positive.
    """
    if factor is not None and not factor > 0:
        raise UsageError(f"`factor={factor:g}` is no scale; it must be positive.")
    if not max_depth > 0:
        raise UsageError(f"`max_depth={max_depth:g}` would cut all depth; it must be positive.")
    if factor is None and predictions.unit != "metres":
        raise UsageError(
            f"{predictions.description} holds depth of unknown scale, but the server wants metres; give `factor`, which"
            " the protocol kitti-server-one-scale finds on the validation images (1 if it is metres already)."
        )
    if len(predictions.names) != images:
        raise UsageError(f"{predictions.description} holds {len(predictions.names)} maps; a submission has {images}.")
    if predictions.windows:
        raise UsageError(
            f"{predictions.description} shows only a part of the images; the server wants all: predict with "
            "`window=whole`."
        )
    strange = next((name for name in predictions.names if not re.fullmatch(r"\d{10}", name)), None)
    if strange is not None:
        raise UsageError(
            f"'{strange}' is no name of a test image (0000000000 and so on); give `in_order=True` if the order is"
            " right."
        )
    with whole_folder(out) as temporary:
        for number, name in enumerate(predictions.names):
            depth = depth_at_size(predictions.read(name), SIZE) * (1.0 if factor is None else factor)
            if not (np.isfinite(depth) & (depth > 0)).all():
                raise DataError(
                    f"The prediction '{name}' is zero, negative or not finite somewhere; the server wants all."
                )
            write_depth_png(temporary / f"{name}.png", np.minimum(depth, max_depth).astype(np.float32))
            if progress is not None:
                progress(number + 1, images)
    return out
