"""The data sets that `vection prepare` knows, by name."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from vection.data.framing import Crop
from vection.data.sequences import Listing, PrepareSettings
from vection.errors import UsageError

ListSequences = Callable[[Path, PrepareSettings], Listing]


@dataclass(frozen=True)
class DataSet:
    """A data set that can be prepared; its module has `list_sequences(source, settings) -> Listing`."""

    name: str
    about: str
    """What SRC holds, in a few words."""
    module: str
    """Imported only when used."""
    size: tuple[int, int] = (640, 192)
    """Width and height unless given."""
    crop: Crop = "stretch"
    function: str = "list_sequences"
    parts: tuple[str, ...] = ()
    """Parts that `split` may name, beside published lists."""

    def check_split(self, split: str | None) -> None:
        """Raise UsageError for a misspelt part; what is no part may be a list, which the reader looks for."""
        near = get_close_matches(split or "", self.parts, n=1, cutoff=0.7)
        if split is not None and split not in self.parts and near and not Path(split).exists():
            raise UsageError(f"{self.name} has no part '{split}'; did you mean {near[0]}?")

    def list_sequences(self, source: Path, settings: PrepareSettings) -> Listing:
        """Find all sequences below `source`; UsageError if there is no such data set."""
        found: ListSequences = getattr(importlib.import_module(self.module), self.function)
        return found(source, settings)


DATA_SETS = (
    DataSet("kitti-raw", "DATE/DRIVE/image_02/data, calibration in DATE", "vection.data.kitti_raw_sequences"),
    DataSet(
        "kitti-odometry",
        "sequences/NN/image_2, calib.txt, times.txt; poses",
        "vection.data.kitti_odometry",
        parts=("train", "test", "server"),
    ),
    DataSet(
        "kitti-depth",
        "val_selection_cropped, test_depth_prediction_anonymous",
        "vection.data.kitti_depth",
        parts=("val", "test"),
    ),
    DataSet(
        "cityscapes",
        "leftImg8bit_sequence/SPLIT/CITY, camera",
        "vection.data.cityscapes",
        (416, 128),
        parts=("train", "val", "test"),
    ),
    DataSet(
        "cityscapes-images",
        "leftImg8bit/SPLIT/CITY, camera; gtFine, disparity",
        "vection.data.cityscapes",
        (416, 128),
        function="list_images",
        parts=("train", "val", "test"),
    ),
    DataSet("make3d", "Test134/img-*.jpg, Gridlaserdata/*.mat", "vection.data.make3d"),
    DataSet("sc-formatted", "SCENE/*.jpg, cam.txt; train.txt", "vection.data.sc_sfmlearner_folders", (832, 256)),
    DataSet("struct2depth", "FOLDER/NAME.png of three frames, NAME_cam.txt", "vection.data.struct2depth", (416, 128)),
    DataSet("videos", "videos, folders of images", "vection.data.video_folder", (416, 128), "keep-aspect"),
    DataSet("dynamo-layout", "DRIVE/CAMERA/rgb/original, rgb/cam.json", "vection.data.dynamo_layout", size=(480, 320)),
    DataSet(
        "nuscenes",
        "samples/, sweeps/, v1.0-trainval/*.json",
        "vection.data.nuscenes",
        size=(512, 288),
        parts=("train", "val"),
    ),
    DataSet("waymo", "*.tfrecord (v1), or camera_image/*.parquet (v2)", "vection.data.waymo", size=(480, 320)),
)


def get_data_set(name: str) -> DataSet:
    """Return a data set by name; UsageError naming the known ones."""
    for data_set in DATA_SETS:
        if data_set.name == name:
            return data_set
    known = [data_set.name for data_set in DATA_SETS]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(known)}."
    raise UsageError(f"There is no data set '{name}' to prepare; {hint}")
