"""True classes of images whose depth may be unknown: Cityscapes' fine labels."""

from pathlib import Path

import numpy as np

from vection.data.readers.cityscapes.camera import read_camera
from vection.evaluation.predictions.read import read_label_ids
from vection.evaluation.truth.cityscapes import describe_part, files_of_part, focal_at_size
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet

LABELS = "_gtFine_labelIds.png"


def cityscapes_classes(root: Path, *, part: str | None = None) -> TruthSet:
    """Classes of all `gtFine/SPLIT/CITY/*_gtFine_labelIds.png`; names are `SPLIT/CITY/CITY_SEQUENCE_FRAME`.

    `part` is the SPLIT (train, val, test), all of them if None. Depth is 0 everywhere: unknown.
    """
    places = files_of_part(root / "gtFine", LABELS, part=part)

    def read(name: str) -> GroundTruth:
        classes = read_label_ids(places[name])
        image = root / "leftImg8bit" / f"{name}_leftImg8bit.png"
        camera = root / "camera" / f"{name}_camera.json"
        return GroundTruth(
            name,
            np.zeros(classes.shape, np.float32),
            image=image,
            group=name.rpartition("_")[0],
            classes=classes,
            focal=focal_at_size(read_camera(camera), classes.shape) if camera.is_file() else None,
        )

    return TruthSet(describe_part("Cityscapes' fine labels", part, root), tuple(places), read)
