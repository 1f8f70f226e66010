"""True depth of data as Dynamo-Depth prepares it, at the full resolution of the images."""

from pathlib import Path

from vection.data.prepare.data_sets import get_data_set
from vection.data.readers.dynamo_layout import FRONT_CAMERAS, IMAGES
from vection.data.readers.sequences import DataSequence, PrepareSettings, SequenceFrame
from vection.errors import DataError
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet, ground_truth_of_frame

OF_WAYMO = "of Waymo: distances from the vehicle if it was prepared before January 2025, camera z since"


def is_dynamo_layout(root: Path) -> bool:
    """Whether there is a `CAMERA/rgb/original` or `CAMERA/rgb/downsample` at or below `root`."""
    return any(place.name in IMAGES for place in root.rglob("rgb/*"))


def dynamo_truth(root: Path) -> TruthSet:
    """True depth of the frames below `root` that have laser points; names are `FOLDER/CAMERA/NUMBER`.

    What moves is known where masks hold a label a point (nuScenes). Of Waymo's masks the background is known, and
    which objects could move; which do stands in pickles, which are not opened: prepare the TFRecords instead.
    """
    data_set = get_data_set("dynamo-layout")
    settings = PrepareSettings(width=data_set.size[0], height=data_set.size[1], cameras=(*FRONT_CAMERAS, "image_03"))
    places: dict[str, tuple[DataSequence, SequenceFrame]] = {}
    for sequence in data_set.list_sequences(root, settings).sequences:
        assert isinstance(sequence, DataSequence)
        points = (root / sequence.name if (root / sequence.name).is_dir() else root) / "depth"
        with_depth = {file.stem for file in points.glob("[!.]*.npy")}
        frames = [frame for frame in sequence.frames if frame.name in with_depth]
        places |= {f"{sequence.name}/{frame.name}": (sequence, frame) for frame in frames}
    if not places:
        raise DataError(f"No folder below {root} has depth/NUMBER.npy beside its images, so nothing can be evaluated.")

    def read(name: str) -> GroundTruth:
        sequence, frame = places[name]
        source = frame.read()
        if source.truth is None:
            raise DataError(source.notes[0] if source.notes else f"{name} has no true depth.")
        return ground_truth_of_frame(name, source.truth, image=None, group=sequence.name)

    # one preparation wrote them all
    source = next(iter(places.values()))[1].read().truth_source
    words = f" ({OF_WAYMO})" if source is None else ""
    return TruthSet(f"Dynamo-Depth's layout at {root}{words}", tuple(places), read, source=source)
