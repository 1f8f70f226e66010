"""Predictions and ground truth under a protocol, image by image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from vection.arrays import AnyArray, FloatMap
from vection.data.clips.resizing import resize_map
from vection.data.clips.truth_sources import MEASURED, source_sentence
from vection.errors import DataError, UsageError
from vection.evaluation.depth.metrics import depth_errors, median_log_error, server_errors
from vection.evaluation.depth.protocol import ALL, DepthProtocol, Interpolation, Median
from vection.evaluation.depth.result import DepthResult, summarise
from vection.evaluation.objects.motion import RatioCounts, ratio_counts
from vection.evaluation.predictions.kinds import MapKind, PredictedMap, PredictionReader
from vection.evaluation.predictions.window import check_window
from vection.evaluation.truth.pairing import check_pairs
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.formats.evaluation_file import ImageRow
from vection.formats.window import Bounds
from vection.progress import Report


@dataclass(frozen=True)
class ComparedPixels:
    """The evaluated pixels of one image, before scaling."""

    truth: Float[np.ndarray, " pixel"]
    predicted: Float[np.ndarray, " pixel"]
    categories: dict[str, Bool[np.ndarray, " pixel"]]
    median: Median = "middle"
    unseen: int = 0
    """Pixels that the protocol evaluates and the prediction does not show."""

    @property
    def ratio(self) -> float:
        """median(truth) / median(prediction)."""
        return _median(self.truth, self.median) / _median(self.predicted, self.median)


def evaluate_depth(
    predictions: PredictionReader,
    truths: TruthSet,
    protocol: DepthProtocol,
    *,
    name: str = "model",
    progress: Report | None = None,
) -> DepthResult:
    """Score every image of `truths`; predictions of other images are ignored.

    Predictions in metres are not multiplied by the protocol's factor. Raises UsageError naming images that have no
    prediction, or for measured depth without median scaling, DataError for evaluated depth that is not positive.

    >>> from vection.evaluation import GroundTruth, get_protocol, predictions_in_memory, truths_in_memory
    >>> true = np.linspace(2, 40, 12, dtype=np.float32).reshape(3, 4)
    >>> truths = truths_in_memory([GroundTruth("a", true)])
    >>> result = evaluate_depth(predictions_in_memory({"a": true / 3}), truths, get_protocol("synthetic"))
    >>> round(result.ratio_median, 3), round(result.categories["all"].mean.abs_rel, 3)  # scaled by the median
    (3.0, 0.0)
    """
    predictions = _checked(predictions, truths, protocol)
    stated, protocol = protocol, replace(protocol, factor=1.0 if predictions.unit == "metres" else protocol.factor)
    rows: list[ImageRow] = []
    counts: dict[str, RatioCounts] = {}
    counted: list[tuple[int, int, int]] = []
    skipped: list[str] = []
    medians: list[float] = []
    ratios = _ratios(predictions, truths, protocol) if protocol.scaling == "one-scale" else {}
    fixed_scale = float(np.median(list(ratios.values()))) if ratios else 1.0
    for number, image in enumerate(truths.names):
        pixels = compare(predictions.read(image), truth := truths.read(image), protocol, cut=truths.is_cut(image))
        if pixels is None:
            skipped.append(image)
        else:
            ratios[image] = pixels.ratio
            counted.append((len(pixels.truth), truth.depth.size, pixels.unseen))
            medians.append(median_log_error(pixels.predicted, pixels.truth))
            scale = pixels.ratio if protocol.scaling == "median-per-image" else fixed_scale
            rows += score(image, pixels, protocol, scale=scale)
            counts = _added(counts, depth_ratios(pixels, protocol, scale=scale))
        if progress is not None:
            progress(number + 1, len(truths))
    if not rows:
        raise DataError(f"{truths.description} has no depth that the protocol '{protocol.name}' evaluates.")
    return DepthResult(
        name=name,
        protocol=stated,
        factor=protocol.factor,
        truth=truths.stated,
        rows=tuple(rows),
        categories=summarise(rows, protocol),
        images=len(ratios),
        ratio_median=float(np.median(scales := [*ratios.values()])),
        ratio_std=float(np.std(np.divide(scales, np.median(scales)))),
        depth_ratio={category: ratio.median for category, ratio in counts.items()},
        skipped=tuple(skipped),
        share=_share(counted),
        unseen=_unseen(counted) or (0.0 if predictions.windows else None),
        median_log_error=float(np.mean(medians)),
    )


def compare(
    predicted: PredictedMap, truth: GroundTruth, protocol: DepthProtocol, *, cut: bool = False
) -> ComparedPixels | None:
    """Return the evaluated pixels, the prediction resized and multiplied by the protocol's factor; None if no pixel.

    Of a prediction that shows a window of the image, those in the window. UsageError if it shows something else: where
    the truth is `cut` from an image, a map without camera and window must have its shape.
    """
    evaluated = protocol.evaluated(truth.depth)
    top, bottom, left, right = _bounds(predicted, truth.depth.shape, protocol)
    mask = np.zeros_like(evaluated)
    mask[top:bottom, left:right] = evaluated[top:bottom, left:right]
    if not mask.any():
        return None
    check_window(
        truth.name,
        size=predicted.values.shape,
        intrinsics=predicted.intrinsics,
        true_size=(bottom - top, right - left),
        true_focal=truth.focal,
        by_sides=protocol.seen is not None
        or predicted.window is not None
        or (cut and protocol.interpolation != "nearest"),
    )
    depth = predicted_depth(predicted, truth.depth.shape, protocol)[mask].astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(depth) | (depth <= 0)))
    if bad:
        raise DataError(
            f"The prediction of '{truth.name}' is zero, negative or not finite at {bad} of {depth.size} evaluated"
            " pixels; every pixel needs a positive depth."
        )
    for category, where in truth.categories.items():
        if where.shape != truth.depth.shape:
            raise DataError(f"The category '{category}' of '{truth.name}' has another size than its depth.")
    categories = {category: where[mask] for category, where in truth.categories.items()}
    categories[ALL] = np.ones(depth.size, np.bool_)
    unseen = int(np.count_nonzero(evaluated & ~mask))
    true = truth.depth[mask].astype(np.float64)
    return ComparedPixels(true, depth * protocol.factor, categories, protocol.median, unseen)


def predicted_depth(
    predicted: PredictedMap, size: tuple[int, ...], protocol: DepthProtocol
) -> Float[np.ndarray, "image_height image_width"]:
    """Depth at the `size` of the truth, before scaling; NaN where the prediction does not see it."""
    if protocol.interpolation != "nearest":  # a laser's coarse grid has not the shape of the image
        _check_shape(predicted, size)
    top, bottom, left, right = _bounds(predicted, size, protocol)
    part = depth_at_size(
        predicted, (bottom - top, right - left), resize=protocol.resize, interpolation=protocol.interpolation
    )
    if part.shape == size:
        return part
    placed = np.full(size, np.nan, np.float32)
    placed[top:bottom, left:right] = part
    return placed


def _bounds(predicted: PredictedMap, size: tuple[int, ...], protocol: DepthProtocol) -> Bounds:
    """Return the part of the image that a prediction shows: all of it where it has the size of the truth."""
    if predicted.window is not None:
        return predicted.window.bounds(size)
    if predicted.values.shape == size or protocol.seen is None:
        return 0, size[0], 0, size[1]
    return protocol.seen.window(size[0], size[1])


def score(image: str, pixels: ComparedPixels, protocol: DepthProtocol, *, scale: float) -> list[ImageRow]:
    """Errors of one image, a row for each category that has pixels; the prediction is multiplied by `scale`."""
    predicted = pixels.predicted * scale
    if protocol.clamp:
        predicted = np.clip(predicted, protocol.min_depth, protocol.max_depth)
    rows = []
    for category in protocol.categories:
        where = pixels.categories.get(category)
        if where is not None and where.any():
            truth = pixels.truth[where]
            errors = depth_errors(predicted[where], truth)
            if protocol.log_base == "10":
                errors = replace(errors, rmse_log=errors.rmse_log / math.log(10))
            server = server_errors(predicted[where], truth) if protocol.server else None
            rows.append(ImageRow(image, category, len(truth), pixels.ratio, errors, server))
    return rows


def depth_ratios(pixels: ComparedPixels, protocol: DepthProtocol, *, scale: float) -> dict[str, RatioCounts]:
    """Count predicted / true depth of one image by category; after `scale`, but not clamped, so that holes show."""
    parts = {category: pixels.categories.get(category) for category in protocol.categories}
    return {
        category: ratio_counts(scale * pixels.predicted[where], pixels.truth[where])
        for category, where in parts.items()
        if where is not None and where.any()
    }


def _added(counts: dict[str, RatioCounts], more: dict[str, RatioCounts]) -> dict[str, RatioCounts]:
    return counts | {key: counts[key] + ratio if key in counts else ratio for key, ratio in more.items()}


def depth_at_size(
    predicted: PredictedMap,
    size: Sequence[int],
    *,
    resize: MapKind = "inverse-depth",
    interpolation: Interpolation = "bilinear",
) -> FloatMap:
    """Return depth at `size` (height, width), resized with half-pixel centres, of what `resize` says."""
    values, kind = predicted.values, predicted.kind
    if values.shape != tuple(size):
        if kind != resize:
            values, kind = _reciprocal(values), resize
        values = np.where(values > 0, values, np.float32(np.nan))  # "none" is no depth to blend with
        values = (resize_map if interpolation == "bilinear" else _upper_left)(values, tuple(size))
    return values if kind == "depth" else _reciprocal(values)


def _upper_left(values: FloatMap, size: tuple[int, ...]) -> AnyArray:
    """Take the pixel at the upper left corner of each new one, as OpenCV's INTER_NEAREST does."""
    rows, columns = (np.arange(new) * old // new for new, old in zip(size, values.shape, strict=True))
    return values[np.ix_(rows, columns)]


def _share(counts: Sequence[tuple[int, int, int]]) -> float:
    """Return compared pixels over all, of counts by image: compared, all, unseen."""
    compared, everything, _ = (sum(numbers) for numbers in zip(*counts, strict=True))
    return compared / everything


def _unseen(counts: Sequence[tuple[int, int, int]]) -> float:
    """Return unseen pixels over those that would be compared."""
    compared, _, unseen = (sum(numbers) for numbers in zip(*counts, strict=True))
    return unseen / (compared + unseen)


def _median(values: Float[np.ndarray, " pixel"], kind: Median) -> float:
    return float(np.median(values)) if kind == "middle" else float(np.sort(values)[(len(values) - 1) // 2])


def _reciprocal(values: FloatMap) -> FloatMap:
    """1 / values; what is not positive becomes NaN, which `compare` reports where it matters."""
    return np.divide(1, values, out=np.full_like(values, np.nan), where=values > 0)


def _checked(predictions: PredictionReader, truths: TruthSet, protocol: DepthProtocol) -> PredictionReader:
    """Return the predictions as maps of what the truth shows; UsageError if they do not fit it, or it the protocol."""
    check_pairs(predictions, truths)
    _check_source(truths, protocol)
    return predictions.within(truths.windows)


def _check_source(truths: TruthSet, protocol: DepthProtocol) -> None:
    """Truth that says where it comes from must be the protocol's, whose name stands above the table."""
    sources = [truths.source, *(truths.sources.get(name) for name in truths.names)]
    if any(source not in (None, protocol.ground_truth) for source in sources):
        apart = " evaluate the clips of each source by themselves," if truths.sources else ""
        raise UsageError(
            f"{truths.description} is not what the protocol '{protocol.name}' compares with"
            f" ({source_sentence(protocol.ground_truth)});{apart}"
            " choose the protocol of this truth, or export the truth of this protocol."
        )
    if truths.source == MEASURED and protocol.scaling != "median-per-image":
        raise UsageError(
            f"{truths.description} is known up to a scale, so '{protocol.scaling}' says nothing; compare it with"
            " scaling='median-per-image'."
        )


def _check_shape(predicted: PredictedMap, size: tuple[int, ...]) -> None:
    """Networks stretch images, but not by a factor of three: such a map is transposed or of other images."""
    (rows, columns), (height, width) = predicted.values.shape, size
    if predicted.window is not None:
        rows, columns = predicted.window.source_height, predicted.window.source_width
    stretch = (columns / rows) / (width / height)
    if not 1 / 3 < stretch < 3:
        raise DataError(f"A predicted map is {columns}x{rows} where the image is {width}x{height}; is it transposed?")


def _ratios(predictions: PredictionReader, truths: TruthSet, protocol: DepthProtocol) -> dict[str, float]:
    """Return by image true over predicted median depth; images without an evaluated pixel are left out."""
    compared = (
        (image, compare(predictions.read(image), truths.read(image), protocol, cut=truths.is_cut(image)))
        for image in truths.names
    )
    return {image: pixels.ratio for image, pixels in compared if pixels is not None}
