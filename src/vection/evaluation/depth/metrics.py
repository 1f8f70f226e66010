"""Errors of predicted depth, each a pure function of the evaluated pixels (Eigen et al. 2014)."""

import math
from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
from jaxtyping import Float

from vection.evaluation.bootstrap import draws, interval
from vection.formats.evaluation_file import DepthErrors, ServerErrors

Pixels = Float[np.ndarray, " pixel"]
"""Depth of the evaluated pixels, positive, both in the same unit."""


METRICS: tuple[str, ...] = tuple(field.name for field in fields(DepthErrors))
"""In the order of `DepthErrors.as_array`."""


def abs_rel(predicted: Pixels, truth: Pixels) -> float:
    """Mean of |d - d*| / d*."""
    return float(np.mean(np.abs(predicted - truth) / truth))


def sq_rel(predicted: Pixels, truth: Pixels) -> float:
    """Mean of (d - d*)^2 / d*: divided by d*, not by its square (the KITTI server divides by the square)."""
    return float(np.mean((predicted - truth) ** 2 / truth))


def rmse(predicted: Pixels, truth: Pixels) -> float:
    """Root of the mean of (d - d*)^2."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def rmse_log(predicted: Pixels, truth: Pixels) -> float:
    """Root of the mean of (ln d - ln d*)^2."""
    return float(np.sqrt(np.mean((np.log(predicted) - np.log(truth)) ** 2)))


def accuracy(predicted: Pixels, truth: Pixels, *, power: int) -> float:
    """Share of pixels with max(d/d*, d*/d) < 1.25^power, strictly."""
    return float(np.mean(np.maximum(predicted / truth, truth / predicted) < 1.25**power))


def median_log_error(predicted: Pixels, truth: Pixels) -> float:
    """Median of |ln d - ln (s d*)|, s being the median ratio: half of the pixels are off by less."""
    ratio = np.log(predicted) - np.log(truth)
    return float(np.median(np.abs(ratio - np.median(ratio))))


def depth_errors(predicted: Pixels, truth: Pixels) -> DepthErrors:
    """Compute all errors; needs at least one pixel.

    >>> errors = depth_errors(np.array([9.0, 12.0]), np.array([10.0, 10.0]))
    >>> round(errors.abs_rel, 3), round(errors.rmse, 3), errors.a1
    (0.15, 1.581, 1.0)
    """
    return DepthErrors(
        abs_rel=abs_rel(predicted, truth),
        sq_rel=sq_rel(predicted, truth),
        rmse=rmse(predicted, truth),
        rmse_log=rmse_log(predicted, truth),
        a1=accuracy(predicted, truth, power=1),
        a2=accuracy(predicted, truth, power=2),
        a3=accuracy(predicted, truth, power=3),
    )


def server_errors(predicted: Pixels, truth: Pixels) -> ServerErrors:
    """Compute the errors of the KITTI depth server: no cap, no crop, no scaling."""
    log = np.log(truth) - np.log(predicted)
    inverse = np.abs(1 / predicted - 1 / truth)
    relative = np.abs(predicted - truth) / truth
    return ServerErrors(
        mae=float(np.mean(np.abs(predicted - truth))),
        rmse=rmse(predicted, truth),
        inverse_mae=float(np.mean(inverse)),
        inverse_rmse=float(np.sqrt(np.mean(inverse**2))),
        log_mae=float(np.mean(np.abs(log))),
        log_rmse=rmse_log(predicted, truth),
        silog=float(np.std(log)),
        abs_rel=float(np.mean(relative)),
        sq_rel=float(np.mean(relative**2)),
    )


def mean_server_errors(errors: Sequence[ServerErrors]) -> ServerErrors:
    """Average the errors of images. SILog of all pixels pooled would be another number: images differ in scale."""
    return ServerErrors(*np.mean([astuple(image) for image in errors], axis=0).tolist())


SERVER_COLUMNS = ("SILog", "sqErrorRel", "absErrorRel", "iRMSE")


def server_table(errors: ServerErrors) -> dict[str, float]:
    """Return the four columns of the server's table in its units; depth must be in metres."""
    values = (100 * errors.silog, 100 * errors.sq_rel, 100 * errors.abs_rel, 1000 * errors.inverse_rmse)
    return dict(zip(SERVER_COLUMNS, values, strict=True))


def mean_errors(errors: Sequence[DepthErrors], weights: Float[np.ndarray, " image"]) -> DepthErrors:
    """Average errors of images, each with its weight."""
    values = np.stack([image.as_array() for image in errors])
    return DepthErrors(*(weights @ values / weights.sum()).tolist())


def bootstrap_interval(
    errors: Sequence[DepthErrors], weights: Float[np.ndarray, " image"], *, resamples: int = 1000
) -> tuple[DepthErrors, DepthErrors]:
    """Return the lower and upper ends of the 95 % interval of `mean_errors` over images drawn with replacement.

    Both are NaN for a single image, which tells nothing of others. Frames of one drive resemble each other, so the
    interval is rather too narrow.
    """
    if len(errors) < 2:
        unknown = DepthErrors(*[math.nan] * len(METRICS))
        return unknown, unknown
    values = np.stack([image.as_array() for image in errors])
    drawn = draws(len(errors), resamples=resamples).astype(np.float64)
    low, high = interval((drawn @ (weights[:, None] * values)) / (drawn @ weights)[:, None])
    return DepthErrors(*low.tolist()), DepthErrors(*high.tolist())
