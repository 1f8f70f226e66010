"""Make the weights that ship of a run: its best checkpoint in half precision, with a card that says what it is.

    vection train street --data clips --out runs/street
    python benchmarks/ship_start.py runs/street --card card.md

`clips` holds videos whose terms allow it, ingested with --measure; the synthetic street is rendered by the training.
"""

from pathlib import Path

import tyro

from vection.files import write_text
from vection.formats.checkpoint import load_weights, read_config, save_checkpoint
from vection.recipes.methods import build_method
from vection.runs.load import find_run_checkpoint, read_run_recipe
from vection.starts import STREET, start_folder

LARGEST = 12e6
"""Bytes."""


def ship(run: Path, /, card: Path, out: Path | None = None) -> None:
    """Write the start to `out`, by default into the package.

    Args:
        run: Run folder of `vection train street`.
        card: Text that says what the weights learned from, under which terms, and how good they are.
        out: Folder of the start.
    """
    folder = out or start_folder(STREET)
    assert folder is not None
    recipe = read_run_recipe(run)
    method = build_method(recipe.method)
    checkpoint = find_run_checkpoint(run)
    load_weights(method, checkpoint)
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in method.state_dict().items()
    }
    config = read_config(checkpoint)
    save_checkpoint(folder, weights=weights, config={"recipe": config["recipe"], "position": config["position"]})
    write_text(folder / "CARD.md", card.read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{folder} is {size / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}; it must not ship.")
    print(f"{folder}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    tyro.cli(ship)
