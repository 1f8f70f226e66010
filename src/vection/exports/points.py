"""Points of a scene: lifted from pixels, cut at edges, fused so that each cube of space keeps one."""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float32, Int8, Int32, UInt8

from vection.arrays import CameraNumbers, DepthMap
from vection.errors import DataError
from vection.exports.scene import Scene, SceneFrame
from vection.exports.settings import PIXELS_OF_A_FRAME, VOXEL_MEDIANS
from vection.progress import Report

PointMask = Bool[np.ndarray, " point"]
"""True at the points for which what the name says holds."""

MOST_DOUBLED = 5
"""How many times the side of a cube is doubled or halved at most."""
GROWTH = 2 ** (1 / 3)
"""By how much cubes grow at least where too many points are left."""
MERGED_AT = 2_000_000
"""Points that wait before they are fused."""


@dataclass(frozen=True)
class Points:
    """Points in the world, with their colours."""

    xyz: Float32[np.ndarray, "point 3"]
    rgb: UInt8[np.ndarray, "point 3"]
    depth: Float32[np.ndarray, " point"]
    """From how far they were seen."""
    frame: Int32[np.ndarray, " point"]
    """Number of the frame they were seen in."""

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.xyz)

    def __getitem__(self, chosen: np.ndarray) -> "Points":
        """Return some of the points."""
        return Points(self.xyz[chosen], self.rgb[chosen], self.depth[chosen], self.frame[chosen])


@dataclass(frozen=True)
class Cubes:
    """Cubes of space that keep one point each; by default larger the farther away their points were seen from."""

    side: float
    """Of all cubes, or of those of points that were seen from `median`."""
    median: float | None
    """The depth where cubes have that side; None: everywhere."""

    @property
    def words(self) -> str:
        """How large the cubes are, in words."""
        if self.median is None:
            return f"one point a cube of {self.side:.3g}"
        return f"one point a cube of about {100 * self.side / self.median:.2g} % of the distance it was seen from"

    def levels(self, points: Points) -> Int8[np.ndarray, " point"]:
        """Return how many times the side is doubled for each point; the nearer a point, the lower."""
        if self.median is None:
            return np.zeros(len(points), np.int8)
        return np.clip(np.round(np.log2(points.depth / self.median)), -MOST_DOUBLED, MOST_DOUBLED).astype(np.int8)


@dataclass(frozen=True)
class FusedPoints:
    """The points of a whole scene, and how they were chosen."""

    static: Points
    """What stands still, or everything where that is not known or wanted."""
    moving: Points | None
    """What moves, at its place in each frame; None unless it is wanted apart."""
    cubes: "Cubes"
    """The cubes that keep one point each."""
    words: str
    """What was left out."""


def fuse(scene: Scene, *, max_points: int | None = None, report: Report | None = None) -> FusedPoints:
    """Return the points of all frames of a scene.

    Of each cube the point that was seen from nearest is kept, so a point is one that some frame really saw. What is
    outside the range, sky, edge, or moving (as the settings say) is left out. Raises DataError if nothing is left.
    """
    settings = scene.settings
    cubes = Cubes(VOXEL_MEDIANS * scene.median_depth, scene.median_depth)
    if settings.voxel is not None:
        cubes = Cubes(settings.voxel, None)
    static = _Fusion(cubes, max_points or settings.max_points)
    moving = _Fusion(cubes, max_points or settings.max_points, by_frame=True)
    seen = moved = skipped = 0
    for done, frame in enumerate(scene):
        lifted, moves = frame_points(scene, frame)
        if settings.moving == "keep" or not scene.knows_motion or (frame.moving is None and len(scene) == 1):
            static.add(lifted)
        elif frame.moving is None:
            skipped += 1
        else:
            static.add(lifted[~moves])
            if settings.moving == "apart":
                moving.add(lifted[moves])
        seen, moved = seen + len(lifted), moved + int(moves.sum())
        if report is not None:
            report(done + 1, len(scene))
    points = static.result()
    if not len(points) and not moved:
        raise DataError(
            f"No point lies between {settings.near:g} and {scene.far:.4g} ({scene.unit}); widen the range with `near`"
            " and `far`."
        )
    apart = moving.result() if settings.moving == "apart" and scene.knows_motion else None
    return FusedPoints(points, apart, static.cubes, _words(scene, moved / max(seen, 1), skipped))


def frame_points(scene: Scene, frame: SceneFrame, *, stride: int | None = None) -> tuple[Points, PointMask]:
    """Lift every `stride`-th visible pixel of a frame into the world; also return which of the points move."""
    stride = stride or scene.settings.stride or pixel_stride(frame.depth.size)
    chosen = np.zeros_like(frame.visible)
    chosen[stride // 2 :: stride, stride // 2 :: stride] = True
    chosen &= frame.visible
    if scene.settings.edge_angle > 0:
        chosen &= sine_of_view(frame.depth, frame.camera) > np.sin(np.radians(scene.settings.edge_angle))
    y, x = np.nonzero(chosen)
    z = frame.depth[chosen].astype(np.float64)
    fx, fy, cx, cy = frame.camera
    in_camera = np.stack([(x - cx) / fx * z, (y - cy) / fy * z, z], axis=1)
    T = frame.T_camera_to_world
    xyz = (in_camera @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
    moves = np.zeros(len(z), bool) if frame.moving is None else frame.moving[chosen]
    number = np.full(len(z), frame.number, np.int32)
    return Points(xyz, frame.image[chosen], z.astype(np.float32), number), moves


def pixel_stride(pixels: int, most: int = PIXELS_OF_A_FRAME) -> int:
    """Return the least stride that leaves at most about `most` pixels."""
    return max(1, int(np.ceil(np.sqrt(pixels / most))))


def sine_of_view(depth: DepthMap, camera: CameraNumbers) -> Float32[np.ndarray, "height width"]:
    """Return the sine of the angle between each pixel's ray and the surface it hits; 0 where depth is unknown beside.

    Inverse depth d is affine over the image of a plane, and its normal is (fx d_x, fy d_y, d - (x - cx) d_x
    - (y - cy) d_y), whose product with the ray ((x - cx) / fx, (y - cy) / fy, 1) is d itself.
    """
    known = depth > 0
    inverse = np.divide(1, depth, out=np.zeros_like(depth), where=known)
    if min(depth.shape) < 2:
        return known.astype(np.float32)
    d_y, d_x = np.gradient(inverse)
    fx, fy, cx, cy = np.array(camera, np.float32)
    x = np.arange(depth.shape[1], dtype=np.float32) - cx
    y = (np.arange(depth.shape[0], dtype=np.float32) - cy)[:, None]
    normal = np.sqrt((fx * d_x) ** 2 + (fy * d_y) ** 2 + (inverse - x * d_x - y * d_y) ** 2)
    ray = np.sqrt((x / fx) ** 2 + (y / fy) ** 2 + 1)
    return np.divide(inverse, normal * ray, out=np.zeros_like(depth), where=known)


@dataclass
class _Fusion:
    """Keeps one point a cube; memory does not grow with the number of frames."""

    cubes: Cubes
    most: int
    by_frame: bool = False
    """Whether points of different frames stay apart, as those of moving things must."""
    waiting: list[Points] = field(default_factory=list)
    count: int = 0

    def add(self, points: Points) -> None:
        self.waiting.append(points)
        self.count += len(points)
        if self.count > max(MERGED_AT, 2 * self.most):
            self.result()

    def result(self) -> Points:
        """Fuse what waits; the result waits for more."""
        points = _joined(self.waiting)
        fused = points[self._nearest(points)]
        extent = float(np.abs(fused.xyz).max(initial=0))
        while len(fused) > self.most and self.cubes.side < extent * 2**MOST_DOUBLED:
            growth = max(GROWTH, (len(fused) / self.most) ** (1 / 3))
            self.cubes = replace(self.cubes, side=growth * self.cubes.side)
            fused = fused[self._nearest(fused)]
        self.waiting, self.count = [fused], len(fused)
        return fused

    def _nearest(self, points: Points) -> np.ndarray:
        """Return where the nearest-seen point of each cube stands, in the order of the points.

        Small cubes come first: their points were seen from nearer, and leave no place in the larger cubes around them.
        """
        levels = self.cubes.levels(points)
        kept = np.zeros(0, np.int64)
        for level in np.unique(levels):
            pool = np.concatenate([kept, np.flatnonzero(levels == level)])
            first = self._first(points[pool], side=self.cubes.side * 2.0 ** int(level))
            first[: len(kept)] = True
            kept = pool[first]
        return np.sort(kept)

    def _first(self, points: Points, *, side: float) -> PointMask:
        """Return which points were seen from nearest of all in their cube."""
        cells = np.floor(points.xyz.astype(np.float64) / side).astype(np.int64)
        if self.by_frame:
            cells = np.concatenate([cells, points.frame[:, None]], axis=1)
        order = np.lexsort((points.depth, *cells.T))
        ordered = cells[order]
        first = np.ones(len(ordered), bool)
        first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        nearest = np.zeros(len(ordered), bool)
        nearest[order[first]] = True
        return nearest


def _joined(parts: list[Points]) -> Points:
    if not parts:
        return Points(
            np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), np.zeros(0, np.float32), np.zeros(0, np.int32)
        )
    return Points(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("xyz", "rgb", "depth", "frame")))


def _words(scene: Scene, moved: float, skipped: int) -> str:
    if not scene.knows_motion:
        return "moving things are not told apart: these predictions have no motion masks"
    if scene.settings.moving == "keep":
        return "moving things are kept, smeared along their way"
    share = f"moving things ({100 * moved:.1f} % of the points)"
    last = f"{skipped} frame{'s' * (skipped > 1)} of which motion is not known" if skipped else ""
    if scene.settings.moving == "apart":
        return f"apart: {share}{f'; left out: {last}' if last else ''}"
    return f"left out: {share}{f', {last}' if last else ''}"
