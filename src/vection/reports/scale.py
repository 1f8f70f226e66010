"""The report's words on the metric scale: how it was found, and how much it varies from frame to frame."""

from dataclasses import dataclass

from vection.formats.evaluation_file import MODEL
from vection.formats.scale_file import RunScale
from vection.reports.run import Run


@dataclass(frozen=True)
class ScaleSection:
    """What the template shows."""

    lead: str
    readings: tuple[str, ...]
    """One sentence a source."""


def scale_section(run: Run) -> ScaleSection:
    """Return what is known of the scale; where nothing is, how to find it."""
    if run.scale is not None:
        lead = _lead(run.scale)
        if not run.scale_holds:
            lead += (
                " The checkpoint has learned since, so it holds no longer: find it again (`vection scale` with"
                " `replace=True`)."
            )
        return ScaleSection(lead, tuple(_sentences(run.scale)))
    scores = None if run.evaluation is None else run.evaluation.scores(MODEL)
    lead = "No metric scale was found for this run (vection scale finds it from a camera height, speed or distance)."
    if scores is not None and scores.scale is not None:
        lead += (
            f" Over the {scores.images} evaluated images the factor to the depth they were compared with varies by "
            f"{100 * scores.scale.std:.1f} % from image to image."
        )
    else:
        lead += " Nothing was compared that says how much it varies from frame to frame."
    return ScaleSection(lead, ())


def _lead(scale: RunScale) -> str:
    lead = (
        f"One unit of the network's depth is {scale.factor:.4g} metres, +- {100 * scale.uncertainty:.1f} % (one "
        f"standard deviation), for the checkpoint '{scale.checkpoint}' and images of {scale.width}x{scale.height}."
    )
    if scale.speed is not None:
        lead += f" At this scale the camera moved at {scale.speed:.2f} m/s (median)."
    if len(scale.readings) == 1:
        lead += " One source alone says so: nothing could contradict it."
    return lead


def _sentences(scale: RunScale) -> list[str]:
    sentences = []
    for one in scale.readings:
        varies = "too few to say how much it varies"
        if one.spread is not None:
            varies = f"it varies by {100 * one.spread:.1f} % from frame to frame"
        tested = ""
        if one.held_out_error is not None:
            tested = f", and errs by {100 * one.held_out_error:.1f} % (median) on frames that were held out"
        sentences.append(
            f"By the {one.source}: {one.factor:.4g} +- {100 * one.uncertainty:.1f} %, of {one.count} readings; "
            f"{varies}{tested}."
        )
    return sentences
