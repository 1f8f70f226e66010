"""True classes of images whose depth may be unknown: Cityscapes' fine labels."""

from pathlib import Path

import numpy as np

from vection.data.clips.folder import natural_key
from vection.errors import UsageError
from vection.evaluation.predictions.read import read_label_ids
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet

LABELS = "_gtFine_labelIds.png"


def cityscapes_classes(root: Path) -> TruthSet:
    """Classes of all `gtFine/SPLIT/CITY/*_gtFine_labelIds.png`; names are `SPLIT/CITY/CITY_SEQUENCE_FRAME`.

    Depth is 0 everywhere: unknown.
    """
    folder = root / "gtFine"
    paths = sorted(folder.rglob(f"*{LABELS}"), key=lambda path: natural_key(str(path)))
    if not paths:
        raise UsageError(f"No Cityscapes labels at {root}: there are no gtFine/SPLIT/CITY/*{LABELS}.")
    places = {path.relative_to(folder).as_posix().removesuffix(LABELS): path for path in paths}

    def read(name: str) -> GroundTruth:
        classes = read_label_ids(places[name])
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        return GroundTruth(
            name, np.zeros(classes.shape, np.float32), image=image, group=name.rpartition("_")[0], classes=classes
        )

    return TruthSet(f"Cityscapes' fine labels at {root}", tuple(places), read)
