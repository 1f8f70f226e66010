"""Masks and classes alone: predictions and truth of whatever form lies at a place."""

from pathlib import Path

from vection.errors import UsageError
from vection.evaluation.objects.protocol import OBJECT_PROTOCOLS, ObjectProtocol
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.predictions.read import read_object_folder, read_prediction_folder
from vection.evaluation.truth.cityscapes_classes import cityscapes_classes
from vection.evaluation.truth.open import open_truth
from vection.evaluation.truth.truth_set import TruthSet
from vection.formats.prediction_folder import find_prediction_folders
from vection.names import look_up


def get_object_protocol(name: str) -> ObjectProtocol:
    """Return a protocol of masks or classes by name; UsageError naming the known ones."""
    return look_up(name, OBJECT_PROTOCOLS, kind="protocol of masks or classes")


def open_object_truth(path: Path, protocol: ObjectProtocol) -> TruthSet:
    """Open the truth that the protocol compares with: Cityscapes' fine labels, or any that `open_truth` opens."""
    if protocol.compared == "classes" and (path / "gtFine").is_dir():
        return cityscapes_classes(path, part=protocol.part)
    training = path / "training"
    if protocol.compared == "classes" and (training / "disp_occ_0").is_dir() and not (training / "semantic").is_dir():
        raise UsageError(
            f"KITTI 2015 at {path} has no classes, training/semantic; unpack data_semantics.zip into that folder."
        )
    return open_truth(path, part=protocol.part)


def open_object_predictions(path: Path, protocol: ObjectProtocol) -> PredictionReader:
    """Open a prediction folder, or a folder of 8-bit PNG of what the protocol compares; UsageError if there is none."""
    if not path.is_dir():
        raise UsageError(
            f"There are no predictions at {path}; a prediction folder or a folder of 8-bit PNG is expected."
        )
    if find_prediction_folders(path):
        return read_prediction_folder(path)
    return read_object_folder(path, part=protocol.compared)
