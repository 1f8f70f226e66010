"""The data sets that `vection prepare` knows, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vection.data.readers import dynamo_layout, make3d, sc_sfmlearner_folders, struct2depth, video_folder
from vection.data.readers.cityscapes import snippets as cityscapes
from vection.data.readers.kitti import depth as kitti_depth
from vection.data.readers.kitti import odometry as kitti_odometry
from vection.data.readers.kitti import raw as kitti_raw
from vection.data.readers.nuscenes import scenes as nuscenes
from vection.data.readers.sequences import Listing, PrepareSettings
from vection.data.readers.waymo import segments as waymo
from vection.errors import UsageError
from vection.formats.window import Crop
from vection.names import did_you_mean, look_up

ListSequences = Callable[[Path, PrepareSettings], Listing]


@dataclass(frozen=True)
class DataSet:
    """A data set that can be prepared."""

    name: str
    about: str
    """What SRC holds, in a few words."""
    list_sequences: ListSequences
    """Find all sequences below a folder; UsageError if there is no such data set."""
    size: tuple[int, int] = (640, 192)
    """Width and height unless given."""
    crop: Crop = "stretch"
    parts: tuple[str, ...] = ()
    """Parts that `split` may name, beside published lists."""
    names_targets: bool = False
    """Whether it says itself which frames are targets, without a list."""

    def check_split(self, split: str | None, *, neighbours: bool = True) -> None:
        """Raise UsageError for a misspelt part; what is no part may be a list, which the reader looks for.

        Only beside listed frames are there neighbours to leave out.
        """
        if not (neighbours or self.names_targets) and (split is None or split in self.parts):
            raise UsageError("Without a list every frame is wanted: give `split`, or leave `neighbours=False` out.")
        if split is None or split in self.parts or Path(split).exists():
            return
        if hint := did_you_mean(split, self.parts):
            raise UsageError(f"{self.name} has no part '{split}'; {hint}")


DATA_SETS = (
    DataSet("kitti-raw", "DATE/DRIVE/image_02/data, calibration in DATE", kitti_raw.list_sequences),
    DataSet(
        "kitti-odometry",
        "sequences/NN/image_2, calib.txt, times.txt; poses",
        kitti_odometry.list_sequences,
        parts=("train", "test", "server"),
    ),
    DataSet(
        "kitti-depth",
        "val_selection_cropped, test_depth_prediction_anonymous",
        kitti_depth.list_sequences,
        parts=("val", "test"),
    ),
    DataSet(
        "cityscapes",
        "leftImg8bit_sequence/SPLIT/CITY, camera",
        cityscapes.list_sequences,
        size=(416, 128),
        parts=("train", "val", "test"),
    ),
    DataSet(
        "cityscapes-images",
        "leftImg8bit/SPLIT/CITY, camera; gtFine, disparity",
        cityscapes.list_images,
        size=(416, 128),
        parts=("train", "val", "test"),
    ),
    DataSet("make3d", "Test134/img-*.jpg, Gridlaserdata/*.mat", make3d.list_sequences),
    DataSet("sc-formatted", "SCENE/*.jpg, cam.txt; train.txt", sc_sfmlearner_folders.list_sequences, size=(832, 256)),
    DataSet(
        "struct2depth",
        "FOLDER/NAME.png of three frames, NAME_cam.txt",
        struct2depth.list_sequences,
        size=(416, 128),
        names_targets=True,
    ),
    DataSet("videos", "videos, folders of images", video_folder.list_sequences, size=(416, 128), crop="keep-aspect"),
    DataSet("dynamo-layout", "DRIVE/CAMERA/rgb/original, rgb/cam.json", dynamo_layout.list_sequences, size=(480, 320)),
    DataSet(
        "nuscenes",
        "samples/, sweeps/, v1.0-trainval/*.json",
        nuscenes.list_sequences,
        size=(512, 288),
        parts=("train", "val"),
    ),
    DataSet("waymo", "*.tfrecord (v1), or camera_image/*.parquet (v2)", waymo.list_sequences, size=(480, 320)),
)


def get_data_set(name: str) -> DataSet:
    """Return a data set by name; UsageError naming the nearest ones."""
    return look_up(name, {data_set.name: data_set for data_set in DATA_SETS}, kind="data set")
