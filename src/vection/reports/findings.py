"""Sentences of the report: what came out, and what in the run deserves a second look."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from vection.data.clips.truth_sources import MEASURED
from vection.formats.evaluation_file import MODEL, START, Evaluation
from vection.formats.metrics_log import LABEL_FREE, Event


@dataclass(frozen=True)
class Timing:
    """Where the time of training went; speeds and shares are medians over the log events."""

    minutes: float | None
    """Minutes of all steps together, without validation and checkpoints."""
    samples_per_second: float | None
    data_percent: float | None
    """Share of a step spent waiting for data."""


def is_measured(evaluation: Evaluation | None) -> bool:
    """Return whether predictions were compared with depth measured in the clips, which is no truth."""
    return evaluation is not None and evaluation.protocol.settings.get("ground_truth") == MEASURED


def summary(evaluation: Evaluation | None, events: Sequence[Event]) -> str:
    """Return one sentence that says how good the model is, against the best of what it is compared with."""
    if evaluation is not None and (sentence := _comparison(evaluation)):
        return sentence
    training = [event for event in events if event.split == "train"]
    if not training:
        return "Nothing was trained or evaluated yet."
    return (
        f"Trained for {training[-1].step} steps; the loss went from {training[0].loss:.4g} to {training[-1].loss:.4g}. "
        "A falling loss says little about depth: evaluate against ground truth to know."
    )


def _comparison(evaluation: Evaluation) -> str | None:
    category = evaluation.categories[0] if evaluation.categories else ""
    candidates = {scores.name: scores.errors.get(category, {}).get("abs_rel") for scores in evaluation.results}
    errors = {name: error for name, error in candidates.items() if error is not None and math.isfinite(error)}
    if MODEL not in errors:
        return None
    model, before, scores = errors.pop(MODEL), errors.pop(START, None), evaluation.scores(MODEL)
    images = scores.images if scores else 0
    off = "differs from the measured one by" if is_measured(evaluation) else "is off by"
    start = (
        f"On {images} evaluated images the predicted depth {off} {100 * model:.1f} % on average (AbsRel {model:.3f})"
    )
    start += "" if before is None else f", that of the weights it started from by {100 * before:.1f} %"
    if not errors:
        return start + "."
    rival = min(errors, key=lambda name: errors[name])
    if model < errors[rival]:
        less = 100 * (1 - model / errors[rival])
        return f"{start}, {less:.0f} % less than the best it is compared with: {rival} ({errors[rival]:.3f})."
    return f"{start}, no better than {rival} ({errors[rival]:.3f}): this model has not learned depth."


def label_free(evaluation: Evaluation | None, events: Sequence[Event]) -> str | None:
    """Return what is known of the error without any labels; None if nothing was measured."""
    scores = evaluation.scores(MODEL) if evaluation is not None and is_measured(evaluation) else None
    sentences = []
    if evaluation is not None and scores is not None and evaluation.categories:
        error = scores.errors.get(evaluation.categories[0], {}).get("abs_rel")
        if error is not None and math.isfinite(error):
            half = scores.median_log_error
            shown = "" if half is None else f", at half of the pixels by less than {_percent(half)}"
            sentences.append(
                f"Evaluated on {scores.images} images, predicted depth differs from the measured one by "
                f"{100 * error:.1f} % on average (AbsRel {error:.3f}){shown}."
            )
    known = [event for event in events if math.isfinite(event.depth_statistics.get(LABEL_FREE, math.inf))]
    if known:
        best = min(known, key=lambda event: event.depth_statistics[LABEL_FREE])
        if known[0].step == 0:
            before = _percent(known[0].depth_statistics[LABEL_FREE])
            sentences.append(
                f"With the weights at the start half of the held-out pixels differed by less than {before}."
            )
        sentences.append(
            f"In the frames held out from training half of the pixels differed least at step {best.step}, by less than "
            f"{_percent(best.depth_statistics[LABEL_FREE])}, and at the end (step {known[-1].step}) by less than "
            f"{_percent(known[-1].depth_statistics[LABEL_FREE])}."
        )
    return " ".join(sentences) or None


def _percent(log_error: float) -> str:
    return f"{100 * math.expm1(log_error):.1f} %"


def timing(events: Sequence[Event]) -> Timing:
    """Return the medians of the training events; the first is left out where there are more (it holds the start-up)."""
    training = [event for event in events if event.split == "train"]
    seconds = [(event.seconds_data or 0.0) + (event.seconds_compute or 0.0) for event in training]
    training = training[1:] if len(training) > 2 else training
    speeds = [event.samples_per_second for event in training if event.samples_per_second is not None]
    shares = [
        event.seconds_data / (event.seconds_data + event.seconds_compute)
        for event in training
        if event.seconds_data is not None and event.seconds_compute and event.seconds_data + event.seconds_compute > 0
    ]
    return Timing(
        minutes=sum(seconds) / 60 if sum(seconds) > 0 else None,
        samples_per_second=statistics.median(speeds) if speeds else None,
        data_percent=100 * statistics.median(shares) if shares else None,
    )


def health_remarks(events: Sequence[Event]) -> list[str]:
    """Return what the log shows that needs a second look; empty if nothing does."""
    remarks = []
    bad = next((event for event in events if not math.isfinite(event.loss)), None)
    if bad is not None:
        remarks.append(f"The loss was not finite at step {bad.step}: check the intrinsics, or lower the learning rate.")
    validation = [event for event in events if event.split == "validation"]
    if validation:
        remarks += validation[-1].remarks
    remarks += [f"Step {event.step}: {said}" for event in events if event.split == "train" for said in event.remarks]
    remarks += _validation_remark([event for event in validation if event.stage == validation[-1].stage])
    share = timing(events).data_percent
    if share is not None and share > 25:
        remarks.append(
            f"Training waited for data {share:.0f} % of the time: ingest at the size of training, "
            "or raise data.workers if cores are idle."
        )
    return remarks


def _validation_remark(stage: Sequence[Event]) -> list[str]:
    """Say where the loss that chooses the best checkpoint was least; events of one stage, whose losses compare."""
    chosen = all(event.selection_loss is not None for event in stage)
    losses = {event.step: event.selection_loss if chosen else event.loss for event in stage}
    finite = {step: loss for step, loss in losses.items() if loss is not None and math.isfinite(loss)}
    if len(finite) < 3:
        return []
    best, last = min(finite, key=lambda step: finite[step]), max(finite)
    if finite[last] <= 1.05 * finite[best]:
        return []
    return [
        f"The validation loss{' that chooses the checkpoint' if chosen else ''} was least at step {best} "
        f"({finite[best]:.4g}) and ended at {finite[last]:.4g}: predict with the best checkpoint, or train on more "
        "video."
    ]
