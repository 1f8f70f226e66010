"""What shows of motion without a network that looks for it: thresholds on what true or learned geometry leaves.

Of every held-out frame with both neighbours: the photometric error that depth and camera motion leave (the smaller of
both), block matching of the neighbours as depth and camera motion predict the target from them (what the short recipe
of Dynamo-Depth starts from), and how far the true flow leads from where depth and camera motion lead (a perfect flow
network). `moving_objects.py` prints them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vection.data.clips.folder import ClipInfo, FrameTruth, find_clips, read_clip
from vection.evaluation.objects.motion import MotionCurve, motion_curve
from vection.geometry.camera import backproject, project
from vection.geometry.flow import points_in_source
from vection.geometry.rigid import invert
from vection.geometry.views import Views
from vection.inference.predictor import Predictor
from vection.losses.photometric import Target, photometric_error
from vection.networks.cameras import camera_matrices
from vection.networks.motion.matching import displacement, match_between
from vection.types import Depth, Image, Intrinsics, Transform

SKY = 200.0
"""Metres; the sky has no depth in the files of truth."""
USUAL = 2.0
"""Pixels: a displacement of so many stands in the middle of the thresholds."""


@dataclass(frozen=True)
class Geometry:
    """Depth of a frame and the camera's motion to the frames before and after it, in one unit."""

    depth: Depth
    T_to_neighbours: Transform


@dataclass(frozen=True)
class Frame:
    """A frame between its neighbours, with the truth."""

    image: Image
    neighbours: Image
    K: Intrinsics
    true: Geometry
    object_flow: Tensor

    @property
    def moving(self) -> Tensor:
        """Return where something moves, (height, width)."""
        return self.object_flow[0].norm(dim=0) > 0


Source = Callable[[Frame], Geometry]


def true_geometry(frame: Frame) -> Geometry:
    """Return the truth."""
    return frame.true


def learned_geometry(predictor: Predictor) -> Source:
    """Return a function that asks the networks."""

    def predict(frame: Frame) -> Geometry:
        method, (before, after) = predictor.method, frame.neighbours.split(1)
        with torch.inference_mode():
            back = invert(method.predict_motion(before, frame.image, intrinsics=frame.K).ego)
            forth = method.predict_motion(frame.image, after, intrinsics=frame.K).ego
            return Geometry(method.predict_depth(frame.image), torch.cat([back, forth]))

    return predict


def readings(held_out: Path, source: Source) -> dict[str, float]:
    """Return the best F1 of each reading, and the share of the moving pixels that move by more than two pixels."""
    curves: dict[str, list[MotionCurve]] = {"photometric error": [], "block matching": [], "perfect flow": []}
    displacements = []
    for folder in find_clips(held_out):
        for frame in frames(read_clip(folder)):
            geometry = source(frame)
            moving = frame.moving.numpy()
            flow, own = missed(frame, geometry), missed(frame, frame.true)
            displacements.append(own[frame.moving])
            maps = {"photometric error": photometric(frame, geometry), "block matching": matching(frame, geometry)}
            for name, values in (maps | {"perfect flow": flow / (flow + USUAL)}).items():
                curves[name].append(motion_curve(values.numpy(), moving=moving))
    pooled = {name: sum(of_frames[1:], start=of_frames[0]) for name, of_frames in curves.items()}
    scores = {name: float(curve.f1[curve.best]) for name, curve in pooled.items()}
    return scores | {"moves by two pixels": float((torch.cat(displacements) > 2).float().mean())}


def photometric(frame: Frame, geometry: Geometry) -> Tensor:
    """Return the error of the better neighbour."""
    return photometric_error(stabilised(frame, geometry), Target.of(frame.image)).amin(dim=1)[0]


def matching(frame: Frame, geometry: Geometry) -> Tensor:
    """Return how far blocks are displaced, by their correlation, on [0, 1)."""
    before, after = stabilised(frame, geometry).unbind(1)
    matches = match_between(before, frame.image, after, even=torch.ones(1, dtype=torch.bool))
    size = frame.image.shape[-2:]
    found = displacement(matches) * size[1] / 100
    pixels = interpolate(found, size=size, mode="bilinear", align_corners=False)[0, 0]
    return pixels / (pixels + USUAL)


def missed(frame: Frame, geometry: Geometry) -> Tensor:
    """Return how far from where `geometry` leads the true point is in the next frame, in pixels."""
    ego, true = (
        points_in_source(backproject(known.depth, frame.K), known.T_to_neighbours[1:], flow, order="object-first")
        for known, flow in ((geometry, None), (frame.true, frame.object_flow))
    )
    return (project(ego, frame.K) - project(true, frame.K))[0].norm(dim=-1)


def stabilised(frame: Frame, geometry: Geometry) -> Tensor:
    """Return the neighbours as depth and camera motion predict the frame from them, (1, 2, 3, height, width)."""
    views = Views(frame.image, frame.neighbours[None], frame.K, frame.K[:, None].expand(-1, 2, -1, -1))
    return views.synthesise(geometry.depth, geometry.T_to_neighbours[None])


def frames(info: ClipInfo) -> list[Frame]:
    """Read all frames of a clip with both neighbours."""
    truths = [info.read_truth(index) for index in range(len(info))]
    images = torch.stack([torch.from_numpy(info.read_image(index)) for index in range(len(info))])
    images = images.permute(0, 3, 1, 2) / 255
    poses = torch.stack([torch.from_numpy(truth.T_camera_to_world) for truth in truths]).float()
    return [_frame(info, truths[index], index, images=images, poses=poses) for index in range(1, len(info) - 1)]


def _frame(info: ClipInfo, truth: FrameTruth, index: int, *, images: Tensor, poses: Tensor) -> Frame:
    others = [index - 1, index + 1]
    depth = torch.from_numpy(truth.depth)[None, None]
    assert truth.object_flow is not None
    return Frame(
        image=images[index][None],
        neighbours=images[others],
        K=camera_matrices(*torch.tensor([info.frames[index].intrinsics]).split(2, dim=1)),
        true=Geometry(
            torch.where(depth > 0, depth, SKY), torch.linalg.solve(poses[others], poses[index].expand(2, -1, -1))
        ),
        object_flow=torch.from_numpy(truth.object_flow)[None],
    )
