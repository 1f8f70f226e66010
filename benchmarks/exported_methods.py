"""Largest differences of exported networks from PyTorch, of every method and encoder, in fp32, with random weights.

    python -m benchmarks.exported_methods

Of depth they are relative, of classes the share of pixels, of motion relative to the largest number of the output.
Images are 96x64, so that hundreds of layers are compared in minutes; batch norms have statistics of their own.
"""

import argparse
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

from tests.runs.networks.test_export import MATRIX, make_run

from vection.engines.engine import Part, RunTime
from vection.errors import UsageError
from vection.methods.method import changed
from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe
from vection.runs.networks.export import export_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", nargs="+", default=["onnx", "openvino"])
    run_times = parser.parse_args().to
    warnings.simplefilter("ignore")
    print(" | ".join(["recipe", "part", *run_times]))
    for recipe, changes in MATRIX:
        knows = build_method(replace(changed(get_recipe(recipe).method, **changes), pretrained=False)).knows
        parts: list[Part] = ["depth"]
        parts += ["motion"] * knows.ego_motion + ["classes"] * knows.classes
        with tempfile.TemporaryDirectory() as folder:
            run = make_run(Path(folder) / "run", recipe, **changes)
            for part in parts:
                found = [difference(run, part, to, Path(folder) / f"{part}-{to}") for to in run_times]
                print(" | ".join([" ".join([recipe, *map(str, changes.values())]), part, *found]), flush=True)


def difference(run: Path, part: Part, to: RunTime, out: Path) -> str:
    try:
        (exported,) = export_network(run, to=to, parts=[part], out=out)
    except UsageError as error:
        return str(error)
    return f"{exported.agreement.largest:.1e}"


if __name__ == "__main__":
    main()
