"""Where true depth comes from: each source is a `TruthSet` of the same form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from vection.array_files import open_arrays
from vection.arrays import ClassIds, DepthMap, FlowMap, PixelMask
from vection.data.calibration.kitti_rows import calibration_matrix, read_kitti_calibration
from vection.data.clips.folder import ClipInfo, FrameTruth, files_below, find_clips, known_depth, read_clip
from vection.data.clips.image_file import read_map
from vection.data.clips.truth_sources import TruthSource, source_identifier, source_sentence
from vection.data.splits.list_file import list_words
from vection.errors import DataError, UsageError
from vection.evaluation.predictions.read import PNG_FACTOR, read_depth_png, read_label_ids
from vection.evaluation.truth.clip_frames import first_frames, focal_of_frame, frame_seconds, frame_windows
from vection.formats.window import Window

SYNTHETIC_CATEGORIES = {"static background": 0, "static objects": 1, "moving objects": 2}
Values = TypeVar("Values", PixelMask | None, FlowMap | None, ClassIds | None)
NO_CATEGORY = 255
"""The category of the sky, which does not move, and of the bonnet, of which nothing is asked."""
KITTI_2015_NOMINAL_BASELINE = 0.54
"""Metres; between cameras 2 and 3 it is 0.533."""
DISPARITY: TruthSource = "cityscapes-disparity"
"""Truth of whole images, of which the clip's frames may show a window."""
SKY = 10
"""Train id of the sky."""
FARTHEST = 150.0
"""Metres beyond which hardly a sensor measures."""
SOURCE_KEY = "_source"
"""The key of an exported file that says where its depth comes from."""


@dataclass(frozen=True)
class GroundTruth:
    """True depth of one image."""

    name: str
    depth: DepthMap
    """z in metres (or what the protocol states); 0 where unknown."""
    categories: Mapping[str, PixelMask] = field(default_factory=dict)
    image: Path | None = None
    group: str = ""
    """The drive or clip: images of one group resemble each other."""
    moving: PixelMask | None = None
    """True where the scene point moves by itself."""
    ignored: PixelMask | None = None
    """True where nobody knows whether it moves."""
    object_flow: FlowMap | None = None
    """To the next frame, metres, in this camera's coordinates, without ego-motion."""
    classes: ClassIds | None = None
    """Cityscapes train ids, 255 where unknown."""
    focal: tuple[float, float] | None = None
    """fx, fy of the camera in pixels of the depth, where it is known."""

    def part(self, window: Window) -> "GroundTruth":
        """Return the truth of a window of the image."""
        top, bottom, left, right = window.bounds(self.depth.shape)

        def cut(values: Values) -> Values:
            return None if values is None else values[top:bottom, left:right]

        return replace(
            self,
            depth=self.depth[top:bottom, left:right],
            categories={name: where[top:bottom, left:right] for name, where in self.categories.items()},
            moving=cut(self.moving),
            ignored=cut(self.ignored),
            object_flow=cut(self.object_flow),
            classes=cut(self.classes),
        )


@dataclass(frozen=True)
class TruthSet:
    """Named true depths, read one at a time, in a fixed order."""

    description: str
    names: tuple[str, ...]
    read: Callable[[str], GroundTruth]
    source: str | None = None
    """Where the depth comes from, an identifier of `data.clips.truth_sources` or other words, if that is known."""
    windows: Mapping[str, Window] = field(default_factory=dict)
    """What the truth shows of an image that was cut, where that is known."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Of a set of several sources, without a `source` of its own, those of the images where they are known."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Times of frames whose names alone do not tell which they are."""
    first: frozenset[str] = frozenset()
    """Images that are known to have no frame before them."""

    def __iter__(self) -> Iterator[GroundTruth]:
        """Read all, in order."""
        return (self.read(name) for name in self.names)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.names)

    @property
    def stated(self) -> str:
        """The description, and that a table takes its protocol's word for the source where the truth is silent."""
        known = all(self.source or self.sources.get(name) for name in self.names)
        return self.description if known else f"{self.description}, which does not state where its depth comes from"

    def is_cut(self, name: str) -> bool:
        """Return whether the truth of an image is known to be of a part of it."""
        return name in self.windows and not self.windows[name].is_whole

    def select(self, names: Sequence[str]) -> "TruthSet":
        """Return a part of the set; UsageError for an unknown name."""
        unknown = [name for name in names if name not in set(self.names)]
        if unknown:
            raise UsageError(f"{self.description} has no ground truth of '{unknown[0]}'.")
        return replace(self, names=tuple(names))


def truths_in_memory(truths: Sequence[GroundTruth], *, description: str = "in memory") -> TruthSet:
    """Wrap ground truths that are already loaded.

    >>> truths = truths_in_memory([GroundTruth("a", np.ones((2, 3), np.float32))])
    >>> truths.names, len(truths)
    (('a',), 1)
    """
    by_name = {truth.name: truth for truth in truths}
    return TruthSet(description, tuple(by_name), by_name.__getitem__)


def clip_truth(root: Path) -> TruthSet:
    """True depth of a clip folder (names: file stems) or of all clips below `root` (names: `clip/stem`).

    Of a clip made by a published list only its targets count; frames without a truth file (a lost scan) are left out.
    """
    places: dict[str, tuple[ClipInfo, int]] = {}
    for folder in find_clips(root):
        info = read_clip(folder)
        if info.truth is None:
            continue
        prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
        targets = range(len(info)) if info.targets is None else info.targets
        with_truth = [index for index in targets if info.has_truth(index)]
        places |= {f"{prefix}{info.frames[index].stem}": (info, index) for index in with_truth}
    if not places:
        raise DataError(f"No clip at or below {root} holds ground truth, so it cannot be evaluated.")

    def read(name: str) -> GroundTruth:
        info, index = places[name]
        image = info.image_file(index)
        truth = ground_truth_of_frame(name, info.read_truth(index), image=image, group=info.name)
        of_frame = info.truth_source != DISPARITY
        return replace(truth, focal=focal_of_frame(info, index, truth.depth.shape)) if of_frame else truth

    sources = {name: info.truth_source for name, (info, _) in places.items()}
    known = {name: source for name, source in sources.items() if source is not None}
    different = list(dict.fromkeys(known.values()))
    words = "; ".join(map(source_sentence, different))
    one = len(set(sources.values())) == 1
    return TruthSet(
        f"clips at {root}" + (f" ({words})" if words else ""),
        tuple(places),
        read,
        source=different[0] if one and different else None,
        windows=frame_windows({name: place for name, place in places.items() if sources[name] != DISPARITY}),
        sources={} if one else known,
        seconds=frame_seconds(places),
        first=first_frames(places),
    )


def ground_truth_of_frame(name: str, truth: FrameTruth, *, image: Path | None, group: str) -> GroundTruth:
    """Turn what is known of a frame into what is evaluated; only the sky is known to stand where nothing else is."""
    labels, classes, flow = truth.category, truth.semantics, truth.object_flow
    categories = {} if labels is None else {key: labels == value for key, value in SYNTHETIC_CATEGORIES.items()}
    sky = False if classes is None else classes == SKY
    return GroundTruth(
        name=name,
        depth=truth.depth,
        categories=categories,
        image=image,
        group=group,
        moving=categories.get("moving objects"),
        ignored=None if labels is None else np.asarray((labels == NO_CATEGORY) & ~np.asarray(sky)),
        object_flow=None if flow is None else np.ascontiguousarray(flow.transpose(1, 2, 0)),
        classes=classes,
    )


def kitti_2015_truth(root: Path, *, nominal_baseline: bool = False) -> TruthSet:
    """Disparity of KITTI 2015 (`training/disp_occ_0`) as depth; 'moving' where `training/obj_map` is not 0.

    depth = focal * baseline / disparity, with the focal length of P_rect_02 and the baseline between P_rect_02 and
    P_rect_03 of the image's own calibration (`training/calib_cam_to_cam/NNNNNN.txt`) or of the one in `calib/`; with
    `nominal_baseline` the baseline is 0.54 m, as in SGDepth's truth.
    Classes come from `training/semantic`, where it is there (KITTI's semantics are of the same images).
    """
    training = root / "training"
    paths = sorted((training / "disp_occ_0").glob("[!.]*_10.png"))
    if not paths:
        raise UsageError(f"No KITTI 2015 at {root}: there are no training/disp_occ_0/*_10.png.")
    drives = _read_drives(root / "raw_drive_and_frame.txt")

    def read(name: str) -> GroundTruth:
        number = name.removesuffix("_10")
        calibration = training / "calib_cam_to_cam" / f"{number}.txt"
        if not calibration.is_file():
            calibration = root / "calib" / "calib_cam_to_cam.txt"
        focal_baseline = _focal_times_baseline(calibration, nominal=nominal_baseline)
        disparity = read_depth_png(training / "disp_occ_0" / f"{name}.png")
        depth = np.divide(focal_baseline, disparity, out=np.zeros_like(disparity), where=disparity > 0)
        image, labels, moving = (training / folder / f"{name}.png" for folder in ("image_2", "semantic", "obj_map"))
        objects = read_map(moving) if moving.is_file() else None
        categories = {} if objects is None else {"static": objects == 0, "moving": objects > 0}
        return GroundTruth(
            name=name,
            depth=depth,
            categories=categories,
            image=image,
            group=drives.get(number, number),
            moving=categories.get("moving"),
            classes=read_label_ids(labels) if labels.is_file() else None,
        )

    source: TruthSource = "kitti-2015-nominal" if nominal_baseline else "kitti-2015-disparity"
    return TruthSet(f"KITTI 2015 at {root}", tuple(path.stem for path in paths), read, source=source)


def exported_truth(path: Path) -> TruthSet:
    """Depth maps of one `.npz`, a key an image, as `kitti_raw.export_kitti_ground_truth` writes them.

    Monodepth2's `gt_depths.npz` is refused: it holds a pickle, which can run any program when it is read.
    """
    if not path.is_file():
        raise UsageError(f"The ground truth {path} cannot be read: there is no such file.")
    what, remedy = "The ground truth", "export it again with vection, or give KITTI itself and `truth_list`"
    with open_arrays(path, what=what, remedy=remedy) as arrays:
        keys = [key for key in arrays if key != SOURCE_KEY]
        if len(keys) == 1 and arrays[keys[0]].ndim != 2:
            raise DataError(
                f"{path} holds all maps in one array '{keys[0]}', without the names of their images; write an array "
                "for each under its name: np.savez(file, **{name: depth, ...})."
            )
        source = source_identifier(str(arrays[SOURCE_KEY])) if SOURCE_KEY in arrays else None

    def read(name: str) -> GroundTruth:
        with open_arrays(path, what=what, remedy=remedy) as arrays:
            return GroundTruth(name, known_depth(arrays.need(name, shape=(None, None))), group=name.rpartition("/")[0])

    words = "" if source is None else f" ({source_sentence(source)})"
    return TruthSet(f"{path}{words}", tuple(keys), read, source=source)


def png_truth(folder: Path, *, factor: float = PNG_FACTOR) -> TruthSet:
    """16-bit PNG depth maps (metres * `factor`, 0 = none) of a folder and its subfolders; names: paths without suffix.

    The description says which factor was taken, and whether depths look as if it were another.
    """
    paths = files_below(folder, (".png",))
    if not paths:
        raise UsageError(
            f"{folder} holds no ground truth of a known form: clip folders, KITTI 2015, Cityscapes, Dynamo-Depth's "
            "layout or 16-bit PNG depth maps."
        )
    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}
    some = [paths[index] for index in sorted({0, len(paths) // 2, len(paths) - 1})]
    farthest = max(float(read_depth_png(path, factor=factor).max()) for path in some)
    doubt = f", with depths up to {farthest:.0f} m, which is much: of another unit?" if farthest > FARTHEST else ""
    return TruthSet(
        f"16-bit PNG at {folder} (metres = value / {factor:g}{doubt})",
        tuple(files),
        lambda name: GroundTruth(name, read_depth_png(files[name], factor=factor), group=name.rpartition("/")[0]),
    )


def _focal_times_baseline(file: Path, *, nominal: bool) -> float:
    calibration = read_kitti_calibration(file)
    left, right = (calibration_matrix(calibration, f"P_rect_0{camera}", shape=(3, 4)) for camera in (2, 3))
    if nominal:
        return float(left[0, 0]) * KITTI_2015_NOMINAL_BASELINE
    # P = K [I | t]: the fourth column holds focal * t_x, so its difference is focal * baseline.
    return float(left[0, 3] - right[0, 3])


def _read_drives(file: Path) -> dict[str, str]:
    """Map image numbers to drives; lines `NUMBER DATE DRIVE FRAME`."""
    if not file.is_file():
        return {}
    rows = [words for _, words in list_words(file)]
    if any(len(row) < 3 for row in rows):
        raise DataError(f"{file} does not hold lines 'NUMBER DATE DRIVE FRAME'.")
    return {row[0]: row[2] for row in rows}
