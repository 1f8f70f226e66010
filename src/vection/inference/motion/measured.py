"""Steps of the camera measured in the frames, as long as predicted depth says."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float

from vection.arrays import CameraNumbers, FloatMap, PixelMask, Pose
from vection.data.clips.folder import ClipInfo
from vection.data.clips.resizing import resize_map, resize_nearest
from vection.data.measure.clip import measured_geometry
from vection.data.measure.pairs.measure import STILL, TrackedPair, track_pair
from vection.data.measure.pairs.points import TrackedPoints, triangulate_tracks
from vection.data.measure.pairs.tracks import PixelList
from vection.data.measure.views import View, narrowed, with_even_light
from vection.formats.measured_geometry import MeasuredClip, is_measured
from vection.formats.prediction_folder import MotionSource
from vection.inference.sources import Frame

FEWEST_POINTS = 20
"""Tracks or pixels whose depths must be known for the length of a step."""
TRUSTED_PARALLAX = 3.0
"""Pixels; beyond it the predicted depth, not the measured one, is what errs, so points count alike."""

ENOUGH_PARALLAX = 2.0
"""Pixels that the scene moves beside the rotation from one frame to the next, so that these two tell the step. Less
says little of direction and length, and the errors of many such steps would add up."""
KEY_PARALLAX = 6.0
"""Pixels until which a slow camera is measured from one frame."""
LEAST_TRACKS = 0.6
"""Of those in the first pair; with less, what was near is lost, and what is far tells any direction."""
MOST_ROTATION = 8.0
"""Pixels by which a camera may turn in place before it is measured from another frame; of more, a focal length that is
a little wrong would make motion."""
NO_PIXELS = np.zeros((0, 2))

Numbers = Float[np.ndarray, " point"]


@dataclass(frozen=True)
class SeenFrame:
    """A frame with what is needed of it to measure motion."""

    frame: Frame
    camera: CameraNumbers | None
    """fx, fy, cx, cy in pixels of the frame's image."""
    depth: FloatMap
    """As predicted, at any size of the image's shape."""


@dataclass(frozen=True)
class Step:
    """The motion between two frames, in the unit of the depth."""

    T_first_to_second: Pose
    source: MotionSource


@dataclass(frozen=True)
class _Anchor:
    """A frame that the frames behind it are measured from, for as long as the scene has hardly moved."""

    seen: SeenFrame
    last: Frame
    T_to_last: Pose
    tracks: int
    """How many of its corners were found again in the frame behind it."""
    corners: PixelList
    """x, y of corners of the anchor; `seen_at` is where they were when `T_to_last` was measured. Empty at first."""
    seen_at: PixelList

    def stands(self, tracked: TrackedPair) -> bool:
        """Return whether the anchor's corners are where they were."""
        before = dict(zip(map(bytes, self.corners), self.seen_at, strict=True))
        now = zip(map(bytes, tracked.first), tracked.second, strict=True)
        moved = [np.linalg.norm(at - before[corner]) for corner, at in now if corner in before]
        return len(moved) >= FEWEST_POINTS and float(np.median(moved)) < STILL


@dataclass(frozen=True)
class _MeasuredInClip:
    """What a clip folder says of its frames, read when it is needed."""

    clip: ClipInfo

    @cached_property
    def geometry(self) -> MeasuredClip | None:
        return measured_geometry(self.clip) if is_measured(self.clip.folder) else None

    @cached_property
    def usable(self) -> PixelMask | None:
        return self.clip.read_usable()


class MotionMeasurement:
    """Measures the steps of one camera from frame to frame; remembers two frames, the last and one before it.

    Slow motion shows little from one frame to the next, so where the camera is is measured from a frame further back
    while the scene has moved less than `KEY_PARALLAX` since, and a step is the difference of two such places.

    The unit of a step is that of the predicted depth: its length is the median ratio of predicted depth to depth that
    is triangulated with a baseline of length 1, over the points of both frames. What a clip's `measured/` says is
    used where the camera is the clip's.
    """

    def __init__(self) -> None:
        self._views: list[tuple[Frame, View]] = []  # the two that were used last
        self._clip: _MeasuredInClip | None = None
        self._ratio: tuple[int, float] | None = None
        self._anchor: _Anchor | None = None

    def step(self, first: SeenFrame, second: SeenFrame) -> Step | None:
        """Return the step from `first` to `second`, the frame after it; None if it cannot be measured.

        A standing camera has no step; nor has a cut, after which the path goes on where it was.
        """
        clip = self._open(second.frame)
        if clip is not None and second.frame.number in clip.clip.breaks:
            return Step(np.eye(4), "cut")
        if clip is not None and clip.geometry is not None and _is_stored(first, second):
            return self._stored_step(clip.geometry, first, second)
        return self._tracked_step(first, second, usable=None if clip is None else clip.usable)

    def _open(self, frame: Frame) -> _MeasuredInClip | None:
        if frame.clip is None:
            return None
        if self._clip is None or self._clip.clip is not frame.clip:
            self._clip = _MeasuredInClip(frame.clip)
        return self._clip

    def _stored_step(self, measured: MeasuredClip, first: SeenFrame, second: SeenFrame) -> Step | None:
        number = first.frame.number
        pair = measured.pair(number, number + 1)
        if pair is not None and pair.reason == "cut":
            return Step(np.eye(4), "cut")
        poses = measured.T_camera_to_world(number), measured.T_camera_to_world(number + 1)
        segment = measured.frames[number].segment
        if poses[0] is None or poses[1] is None or measured.frames[number + 1].segment != segment:
            return Step(np.eye(4), "standing") if pair is not None and pair.reason == "standing" else None
        T_first_to_second = np.linalg.inv(poses[1]) @ poses[0]
        if pair is not None and pair.reason == "standing" and np.allclose(T_first_to_second[:3, 3], 0, atol=1e-9):
            return Step(np.eye(4), "standing")
        if T_first_to_second[:3, 3].any():
            ratio = _stored_ratio(measured, [first, second])
            if ratio is None and self._ratio is not None and self._ratio[0] == segment:
                ratio = self._ratio[1]  # the clip has one unit, so the frames before tell it too
            if ratio is None:
                return None
            self._ratio = (segment, ratio)
            T_first_to_second[:3, 3] *= ratio
        return Step(T_first_to_second, "measured")

    def _tracked_step(self, first: SeenFrame, second: SeenFrame, *, usable: PixelMask | None) -> Step | None:
        fresh = _Anchor(first, first.frame, np.eye(4), 0, NO_PIXELS, NO_PIXELS)
        anchor = self._anchor if self._anchor is not None and self._anchor.last is first.frame else fresh
        self._anchor = None
        step = self._step_from(anchor, second, usable=usable)
        if anchor is not fresh and (step is None or step.source == "cut"):
            step = self._step_from(fresh, second, usable=usable)
        return step

    def _step_from(self, anchor: _Anchor, second: SeenFrame, *, usable: PixelMask | None) -> Step | None:
        """Return the step to `second` from the frame before it, measured from the anchor; keep that if it serves on."""
        views = self._seen(anchor.seen), self._seen(second)
        if views[0] is None or views[1] is None or views[0].size != views[1].size:
            return None
        if usable is not None:
            usable = resize_nearest(usable.astype(np.uint8), views[0].size) > 0
        tracked = track_pair(views[0], views[1], numbers=(0, 1), usable=usable)
        pair = tracked.pair
        if pair.reason == "cut":
            return Step(np.eye(4), "cut")
        if pair.R_first_to_second is None:
            return None
        if anchor.stands(tracked):
            self._anchor = replace(anchor, last=second.frame)
            return Step(np.eye(4), "standing")
        T_anchor_to_second = np.eye(4)
        if pair.reason != "standing":
            T_anchor_to_second[:3, :3] = pair.R_first_to_second
        if pair.t_first_to_second is not None:
            points = triangulate_tracks(tracked, K_first=views[0].K, K_second=views[1].K)
            if len(points.parallax) < FEWEST_POINTS:
                return None
            length = _length(points, anchor.seen.depth, second.depth, size=views[0].size)
            T_anchor_to_second[:3, 3] = length * pair.t_first_to_second
        self._anchor = _next_anchor(anchor, second, tracked, T_anchor_to_second, focal=views[0].K[0, 0])
        T_first_to_second = T_anchor_to_second @ np.linalg.inv(anchor.T_to_last)
        return Step(T_first_to_second, "measured" if (T_first_to_second != np.eye(4)).any() else "standing")

    def _seen(self, seen: SeenFrame) -> View | None:
        """Return what is measured of the frame; None without camera."""
        if seen.camera is None:
            return None
        for place, (frame, view) in enumerate(self._views):
            if frame is seen.frame:
                self._views.append(self._views.pop(place))
                return view
        grey = np.asarray(cv2.cvtColor(seen.frame.image, cv2.COLOR_RGB2GRAY), np.uint8)
        view = with_even_light(narrowed(View(grey, seen.camera)))
        self._views = [*self._views[-1:], (seen.frame, view)]
        return view


def _next_anchor(
    anchor: _Anchor, second: SeenFrame, tracked: TrackedPair, T_anchor_to_second: Pose, *, focal: float
) -> _Anchor | None:
    """Return what the frame behind `second` is measured from if it serves; None: from `second`."""
    pair, fresh = tracked.pair, anchor.last is anchor.seen.frame
    turned = focal * float(np.linalg.norm(cv2.Rodrigues(T_anchor_to_second[:3, :3])[0]))
    at_first = pair.tracks if fresh else anchor.tracks
    near = pair.parallax < (ENOUGH_PARALLAX if fresh else KEY_PARALLAX)
    if not near or pair.tracks < LEAST_TRACKS * at_first or (pair.direction is None and turned > MOST_ROTATION):
        return None
    return _Anchor(anchor.seen, second.frame, T_anchor_to_second, at_first, tracked.first, tracked.second)


def _is_stored(first: SeenFrame, second: SeenFrame) -> bool:
    """Return whether two frames follow each other in one clip and are predicted with its camera, not a learned one."""
    frames = first.frame, second.frame
    follows = frames[0].clip is frames[1].clip and frames[1].number == frames[0].number + 1
    return follows and all(seen.camera == seen.frame.intrinsics for seen in (first, second))


def _length(points: TrackedPoints, first: FloatMap, second: FloatMap, *, size: tuple[int, ...]) -> float:
    """Return the length of the baseline in the unit of the predicted depths of the two views of `size`."""
    ratios = [
        _depth_at(first, points.first, size=size) / points.depth_first,
        _depth_at(second, points.second, size=size) / points.depth_second,
    ]
    weight = np.minimum(points.parallax, TRUSTED_PARALLAX) ** 2
    return _weighted_median(np.concatenate(ratios), np.tile(weight, 2))


def _depth_at(depth: FloatMap, pixels: PixelList, *, size: tuple[int, ...]) -> Numbers:
    """Sample depth at pixels of an image of `size`; inverse depth is what is smooth across edges."""
    scale = np.array([depth.shape[1] / size[1], depth.shape[0] / size[0]])
    at = ((pixels + 0.5) * scale - 0.5).astype(np.float32)
    inverse = (1 / depth).astype(np.float32)
    sampled = cv2.remap(inverse, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(1 / sampled.ravel().astype(np.float64))


def _stored_ratio(measured: MeasuredClip, frames: list[SeenFrame]) -> float | None:
    """Return the unit of a measured clip in that of the predicted depth; None where too little is measured."""
    ratios, weights = [], []
    for seen in frames:
        if measured.has_depth(seen.frame.number):
            known = measured.read_depth(seen.frame.number)
            predicted = 1 / resize_map((1 / seen.depth).astype(np.float32), known.depth.shape)
            ratios.append((predicted[known.known] / known.depth[known.known]).astype(np.float64))
            weights.append(known.weight[known.known].astype(np.float64))
    if sum(map(len, ratios)) < FEWEST_POINTS:
        return None
    return _weighted_median(np.concatenate(ratios), np.concatenate(weights))


def _weighted_median(values: Numbers, weights: Numbers) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
