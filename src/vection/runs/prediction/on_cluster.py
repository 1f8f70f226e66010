"""Many inputs predicted on a Ray cluster, by one loaded network an actor."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from vection.data.calibration.profiles import NAMED, find_camera
from vection.data.cluster import Cluster
from vection.errors import DataError, VectionError
from vection.files import check_room
from vection.progress import no_bars
from vection.runs.prediction.worker import THINNING, ModelChoice, PartChoice, PredictionWorker

Input = tuple[str, Path]


def predict_on_cluster(
    inputs: list[Input], out: Path, model: ModelChoice, parts: PartChoice, cluster: Cluster
) -> Iterator[tuple[str, VectionError | None]]:
    """Predict the inputs and yield the name of each as it is done, and what was wrong with it.

    Every actor takes one processor, and one GPU if the device is not "cpu" and the cluster has any. It may stand
    elsewhere than this process, so all places are made absolute.
    """
    inputs, out = [(name, place.absolute()) for name, place in inputs], out.absolute()
    engine = model.engine if model.engine in ("torch", "auto") else str(_absolute(model.engine))
    model = replace(model, run=_absolute(model.run), engine=engine)
    if parts.intrinsics is not None:
        parts = replace(parts, intrinsics=_absolute(_own_camera(parts.intrinsics)))
    with cluster.connected() as processors:
        import ray
        from ray.data import ActorPoolStrategy, DataContext, from_items

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # an input that kills its actor twice is left out
        gpus = 0 if model.device == "cpu" else int(ray.cluster_resources().get("GPU", 0))
        model = replace(model, device="cuda" if gpus else "cpu")
        rows = from_items(
            [{"name": name, "place": str(place)} for name, place in inputs], override_num_blocks=len(inputs)
        )
        done = rows.map_batches(
            _actor(model, parts, out, inputs[0][1]),
            batch_size=1,
            compute=ActorPoolStrategy(size=min(gpus or processors, len(inputs))),
            num_cpus=1,
            num_gpus=1 if gpus else 0,
            max_task_retries=1,
        )
        missing = {name for name, _ in inputs}
        for row in done.iter_rows():
            missing.remove(row["name"])
            yield row["name"], row["error"]
        for name in missing:
            yield name, DataError("the process that predicted it died twice, probably for want of memory.")


def _own_camera(named: Path | str) -> Path | str:
    """Return the file of a camera of the user's own, which other machines need not know by its name."""
    found = find_camera(str(named).removeprefix(NAMED)) if str(named).startswith(NAMED) else None
    return found if isinstance(found, Path) else named


def _absolute(named: Path | str) -> Path | str:
    """Return what is there by its whole path, also before "#CAMERA"; any other name as it is."""
    path, mark, rest = str(named).partition("#")
    return f"{Path(path).absolute()}{mark}{rest}" if Path(path).exists() else named


def _actor(model: ModelChoice, parts: PartChoice, out: Path, frames: Path) -> type:
    """Return the class of an actor that loads the model and predicts batches of one input."""

    class Actor:
        def __init__(self) -> None:
            self.worker = PredictionWorker(model, parts, frames=frames)

        def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
            name, place = str(batch["name"][0]), Path(str(batch["place"][0]))
            error: VectionError | None = None
            try:
                source, size = self.worker.open(place, name, out)
                check_room(out, size, thinning=THINNING)
                self.worker.write(source, out, size=size, progress=no_bars)
            except VectionError as problem:
                error = problem
            except Exception as problem:  # one input stops no other
                error = DataError(f"{type(problem).__name__}: {problem}; this is a bug in vection.")
            return {"name": [name], "error": [error]}

    return Actor
