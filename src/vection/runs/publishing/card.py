"""The model card: what a published model is, learned from, may be used for, and how good it is."""

from dataclasses import dataclass, field
from typing import Any

from vection.files import json_text
from vection.formats.evaluation_file import MODEL, Evaluation
from vection.hub import HubModel
from vection.inference.predictor import Predictor
from vection.recipes.recipe import Recipe
from vection.starts import STARTS

CARD = "README.md"
METRICS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "a1", "a2", "a3")


@dataclass(frozen=True)
class Facts:
    """What the card says."""

    title: str
    licence: str
    """An identifier of the Hub, such as apache-2.0, cc-by-nc-4.0 or other."""
    trained_on: str
    """The data, in its maker's words."""
    recipe: Recipe
    """As published."""
    starts_elsewhere: bool
    """Whether training started from weights that the published recipe does not name."""
    imported: dict[str, Any]
    """Layout and hashes of the files that the weights were imported from; empty of our own trainings."""
    steps: int
    """Optimiser steps that were taken."""
    evaluation: Evaluation | None = None
    model: HubModel | None = None
    """Where it is sent to."""
    knows: dict[str, bool] = field(default_factory=dict)


def model_card(facts: Facts, predictor: Predictor) -> str:
    """Return the card in Markdown, with the head that the Hub reads."""
    head = {
        "license": facts.licence,
        "library_name": "vection",
        "pipeline_tag": "depth-estimation",
        "tags": ["vection", "self-supervised", facts.recipe.method.name],
    }
    lines = ["---", *(f"{key}: {json_text(value)}" for key, value in head.items()), "---", ""]
    lines += [f"# {_plain(facts.title)}", "", f"Depth from one image: {_plain(facts.recipe.summary)}.", ""]
    lines += ["| | |", "|---|---|", *(f"| {key} | {_plain(value)} |" for key, value in _rows(facts, predictor)), ""]
    lines += ["## Scores", "", *_scores(facts.evaluation), "", "## Use", "", *_use(facts), ""]
    return "\n".join(lines)


def _rows(facts: Facts, predictor: Predictor) -> list[tuple[str, str]]:
    metres = predictor.unit == "metres"
    unit = "metres" if metres else "up to scale: one unknown factor; its numbers are no metres"
    tells = [words for key, words in (
        ("ego_motion", "the camera's motion"), ("object_motion", "what moves by itself"), ("classes", "classes")
    ) if facts.knows.get(key)]  # fmt: skip
    return [
        ("licence", facts.licence),
        ("trained on", facts.trained_on),
        ("started from", _origin(facts)),
        ("method, recipe", f"{facts.recipe.method.name}, {facts.recipe.name}"),
        (
            "training",
            f"{facts.steps} optimiser steps, batch {facts.recipe.data.batch_size}" if facts.steps else "unknown",
        ),
        ("images", f"{predictor.width}x{predictor.height} RGB inside the network; any size in, depth of that size out"),
        ("tells", ", ".join(["depth", *tells])),
        ("unit of depth", unit),
        ("scale", predictor.scale_source),
    ]


def _origin(facts: Facts) -> str:
    if facts.imported:
        hashes = ", ".join(digest[:16] for digest in facts.imported.get("sha256", {}).values())
        return f"published weights in the layout {facts.imported.get('layout')}, whose terms apply (SHA-256 {hashes})"
    if facts.starts_elsewhere:
        return "other weights, whose terms apply as well; ask the maker which"
    if (start := facts.recipe.start_from) is not None:
        return f"{start}, which ships with vection" if start in STARTS else start
    return "ImageNet weights of the encoder" if facts.recipe.method.pretrained else "random weights"


def _scores(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None:
        return ["Not measured."]
    lines = [_plain(evaluation.protocol.description or evaluation.protocol.name) + ".", ""]
    base_10 = evaluation.protocol.settings.get("log_base") == "10"
    headings = ["rmse_log10" if base_10 and metric == "rmse_log" else metric for metric in METRICS]
    lines += [f"| | pixels | images | {' | '.join(headings)} |", f"|---|---|---{'|---' * len(METRICS)}|"]
    for scores in evaluation.results:
        name = "this model" if scores.name == MODEL else scores.name
        for category in evaluation.categories:
            if category in scores.errors:
                numbers = " | ".join(f"{scores.errors[category][metric]:.3f}" for metric in METRICS)
                lines.append(f"| {_plain(name)} | {_plain(category)} | {scores.images_of(category)} | {numbers} |")
    return lines


def _use(facts: Facts) -> list[str]:
    address = str(facts.model or "FOLDER")
    return [
        "```",
        "pip install 'vection[cli,hub,video]'",
        f"vection predict {address} drive.mp4",
        "```",
        "",
        "```python",
        "import vection",
        "",
        f'predictor = vection.load("{address}")',
        'prediction = predictor.predict("image.jpg")',
        "prediction.depth, prediction.unit, prediction.scale_source",
        "```",
        "",
        "Weights are safetensors and settings JSON: loading them runs no code. Add `@COMMIT` to the address to pin a "
        "version. Depth of scenes and cameras unlike the training data means little. Not for decisions about safety.",
    ]


def _plain(text: str) -> str:
    """Return words that cannot leave their cell or become HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
