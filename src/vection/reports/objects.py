"""The report's section on what moves: scores, the curve of the motion mask, and pictures of mask and flow."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from vection.formats.evaluation_file import Evaluation, ObjectsNote
from vection.inference.colour import colour_classes, overlay_mask
from vection.reports import figures, pictures
from vection.reports.examples import Example

Tile = tuple[str, str]
"""Caption and picture (data URI)."""


@dataclass(frozen=True)
class ObjectsSection:
    """What the template shows; parts that the run lacks are empty."""

    numbers: tuple[tuple[str, str], ...]
    """What each number is, and its value."""
    holes: tuple[tuple[str, str], ...]
    """Category and hole score of the model."""
    curve: Markup | None
    definitions: tuple[tuple[str, str], ...]


def objects_section(evaluation: Evaluation | None, *, model: str) -> ObjectsSection | None:
    """Return the section; None if the run's evaluation says nothing of moving things."""
    scores = evaluation.scores(model) if evaluation else None
    # One number for all pixels is near 1 by median scaling; only the categories tell.
    holes = [] if scores is None or len(scores.depth_ratio) < 2 else list(scores.depth_ratio.items())
    if scores is None or (scores.objects is None and not holes):
        return None
    note = scores.objects
    curve = None
    if note is not None and note.motion is not None:
        motion = note.motion
        figure = figures.precision_recall_figure(
            np.array(motion.curve["recall"]),
            np.array(motion.curve["precision"]),
            best=(motion.best_recall, motion.best_precision),
            chance=motion.moving_share,
        )
        curve = Markup(figures.to_svg(figure))
    return ObjectsSection(
        numbers=() if note is None else tuple(_numbers(note)),
        holes=tuple((category, f"{ratio:.2f}") for category, ratio in holes),
        curve=curve,
        definitions=() if note is None else tuple(note.definitions.items()),
    )


def object_tiles(example: Example) -> list[Tile]:
    """Return pictures of mask, flow and classes, predicted and true; none of what the example lacks."""
    tiles: list[Tile] = []
    if example.motion_mask is not None:
        tiles.append(("predicted motion", pictures.jpeg_uri(overlay_mask(example.image, example.motion_mask))))
        if example.moving is not None:
            over = overlay_mask(example.image, example.moving.astype(np.float32))
            tiles.append(("true motion", pictures.jpeg_uri(over)))
    if example.object_flow is not None:
        reference = example.object_flow if example.true_flow is None else example.true_flow
        fastest = pictures.fastest(reference)
        caption = f"predicted object flow (full colour: {fastest:.2g} {example.short_unit} a frame)"
        tiles.append((caption, pictures.jpeg_uri(pictures.colour_flow(example.object_flow, fastest=fastest))))
        if example.true_flow is not None:
            tiles.append(("true object flow", pictures.jpeg_uri(pictures.colour_flow(reference, fastest=fastest))))
    for caption, classes in (("predicted classes", example.classes), ("true classes", example.true_classes)):
        if classes is not None:
            tiles.append((caption, pictures.jpeg_uri(colour_classes(classes))))
    return tiles


def _numbers(note: ObjectsNote) -> list[tuple[str, str]]:
    numbers: list[tuple[str, str]] = []
    if note.motion is not None:
        motion = note.motion
        text = f"{motion.best_f1:.3f} (precision {motion.best_precision:.3f}, recall {motion.best_recall:.3f})"
        numbers.append(("motion F1", text))
        if motion.false_alarms:
            alarms = motion.false_alarms.items()
            shares = (f"{part} {100 * note.share:.0f} % ({100 * note.share_of_class:.1f} %)" for part, note in alarms)
            numbers.append(("false alarms", ", ".join(shares)))
    if note.flow is not None:
        numbers.append(("flow error", _errors(note.flow.error)))
        numbers.append(("flow error if nothing moved", _errors(note.flow.error_if_nothing_moved)))
    if note.segmentation is not None and note.segmentation.mean_iou is not None:
        numbers.append(("mIoU", f"{note.segmentation.mean_iou:.3f}"))
    return numbers


def _errors(errors: dict[str, float | None]) -> str:
    return ", ".join(f"{part} {'-' if value is None else f'{value:.3f}'}" for part, value in errors.items())
