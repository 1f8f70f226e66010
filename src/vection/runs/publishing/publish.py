"""Write a model for others, into a folder or onto the Hugging Face Hub: what `vection publish` does."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vection.errors import UsageError
from vection.files import check_free, json_text, whole_folder, write_text
from vection.formats.checkpoint import CONFIG, DIGEST, read_config, save_checkpoint, weights_digest
from vection.formats.run_folder import SCALE_FILE, RunFolder
from vection.formats.scale_file import RunScale, write_scale
from vection.hub import HubModel, hub_model, send_model
from vection.inference.predictor import Predictor
from vection.metric_scale.stored import stored_scale
from vection.recipes.public import public_recipe
from vection.recipes.recipe import Recipe
from vection.recipes.recipe_file import recipe_to_json
from vection.reports.scores import scores_of
from vection.runs.cameras import CAMERAS, WINDOWS
from vection.runs.load import find_run_checkpoint, load_predictor, read_checkpoint_recipe
from vection.runs.publishing.card import CARD, Facts, model_card

_PLACE = re.compile(r"(?:^|[\s'\"(=,])(?:~?/[\w.]|[A-Za-z]:[\\/]|\\\\)|\bfile:/|^\.\.?/")
"""Text that holds a place on a machine."""


@dataclass(frozen=True)
class Published:
    """A model that was published."""

    place: str
    """A folder, or the address of the model on the Hub at the commit that was made."""
    remarks: tuple[str, ...] = ()
    """A sentence each, of what its maker should know."""


def publish(
    run: Path | str,
    to: Path | str,
    *,
    licence: str,
    trained_on: str,
    checkpoint: str | None = None,
    public: bool = False,
) -> Published:
    """Publish a checkpoint of a run as weights (safetensors), settings (JSON) and a card, in a folder or on the Hub.

    `to` is a folder, which must not exist, or "hf://owner/name", which is made for its owner's eyes unless `public`.
    `licence` is the model's, by the Hub's identifier ("apache-2.0", "cc-by-nc-4.0", "other"), `trained_on` says in
    words from what it learned; `checkpoint` is as of `load`. A scale of its weights is published as well. Paths of this
    machine are left out, and so are scores of another checkpoint. Whatever takes a run folder takes what was published.
    Raises UsageError for a wrong place, for settings that still name a place of this machine, and if the Hub refuses.
    """
    model, words = hub_model(to), " ".join(trained_on.split())
    if not words:
        raise UsageError("`trained_on` is empty; say in a sentence which images the model learned from.")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", licence):
        raise UsageError(f"`licence={licence}` is no identifier of a licence; give one such as apache-2.0 or other.")
    if model is None:
        check_free(Path(to))
    source = find_run_checkpoint(Path(run), checkpoint=checkpoint)
    content = _Content(Path(run), source, licence=licence, trained_on=words, to=model, title=Path(str(to)).name)
    if model is None:
        content.write(Path(to))
        return Published(str(to), content.remarks)
    with tempfile.TemporaryDirectory() as folder:
        content.write(Path(folder) / "model")
        sent = send_model(Path(folder) / "model", model, public=public, message=f"{content.recipe.name}, by vection")
    return Published(str(sent), content.remarks)


class _Content:
    """What is published of one checkpoint."""

    def __init__(
        self, run: Path, checkpoint: Path, *, licence: str, trained_on: str, to: HubModel | None, title: str
    ) -> None:
        self.checkpoint = checkpoint
        self.predictor: Predictor = load_predictor(checkpoint)
        stored, own = read_config(checkpoint), read_checkpoint_recipe(checkpoint)
        imported = _without_places(stored.get("imported", {}))
        self.recipe = _public(own, imported)
        self.scale = _public_scale(checkpoint)
        evaluation, why = scores_of(RunFolder(run), checkpoint, stands_for=lambda: find_run_checkpoint(run))
        self.remarks = () if evaluation is not None else (f"the card has no scores: {why}.",)
        method = self.predictor.method
        learned = method.cameras is not None and method.cameras.learned is not None
        self.config: dict[str, Any] = {
            "recipe": recipe_to_json(self.recipe),
            "position": {key: done for key, done in stored.get("position", {}).items() if key != "best"},
            "knows": asdict(method.knows),
            **({"imported": imported} if imported else {}),
            **({CAMERAS: stored[CAMERAS]} if learned and CAMERAS in stored else {}),
            # What the clips are called is nobody's business.
            **({WINDOWS: [window | {"clips": []} for window in stored[WINDOWS]]} if stored.get(WINDOWS) else {}),
        }
        self.facts = Facts(
            title=title.partition("@")[0],
            licence=licence,
            trained_on=trained_on,
            recipe=self.recipe,
            starts_elsewhere=own.start_from is not None and self.recipe.start_from is None,
            imported=imported,
            steps=int(self.config["position"].get("step", 0)),
            evaluation=evaluation,
            model=to,
            knows=asdict(method.knows),
        )

    def write(self, folder: Path) -> None:
        """Write the folder, whole or not at all."""
        card = model_card(self.facts, self.predictor)
        scale = [] if self.scale is None else _texts(asdict(self.scale))
        for text in [*_texts(self.config), *scale, *card.splitlines()]:
            if _PLACE.search(text):
                raise UsageError(f"'{text}' would be published and names a place on this machine; change it first.")
        with whole_folder(folder) as fresh:
            save_checkpoint(fresh, weights=self.predictor.method.state_dict(), config=self.config)
            config = read_config(fresh) | {DIGEST: weights_digest(fresh)}
            write_text(fresh / CONFIG, json_text(config, indent=1))
            write_text(fresh / CARD, card)
            if self.scale is not None:
                write_scale(fresh / SCALE_FILE, replace(self.scale, weights=config[DIGEST]))


def _public(recipe: Recipe, imported: dict[str, Any]) -> Recipe:
    public = public_recipe(recipe)
    if not imported:
        return public
    return replace(public, summary=f"imported from a public checkpoint ({imported.get('layout')})")


def _public_scale(checkpoint: Path) -> RunScale | None:
    """Return the scale of these weights, without what tells of the frames it was found on; None if there is none."""
    scale = stored_scale(checkpoint)
    if scale is None or scale.weights != weights_digest(checkpoint):
        return None
    readings = tuple(replace(reading, names=(), factors=()) for reading in scale.readings)
    return replace(scale, readings=readings, checkpoint="published", frames_from="", speed=None)


def _without_places(imported: dict[str, Any]) -> dict[str, Any]:
    """Keep the layout and the hashes, which say what was imported wherever it lay."""
    return {key: imported[key] for key in ("layout", "sha256") if key in imported}


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in nested plain values, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
