"""Pairs of sampled frames, far enough apart that their motion is well seen, with the corners found in both."""

from dataclasses import dataclass

import numpy as np

from vection.arrays import CameraNumbers
from vection.data.clips.intrinsics import camera_matrix
from vection.data.ingest.doctor.sample import GAPS, Sample
from vection.data.ingest.doctor.steps import Steps
from vection.data.measure.pairs.epipolar import epipolar_inliers
from vection.data.measure.pairs.measure import CUT_SHARE, FEWEST_INLIERS, FEWEST_TRACKS
from vection.data.measure.pairs.relative_pose import parallax_lengths, robust_rotation
from vection.data.measure.pairs.tracks import PixelList, follow_corners
from vection.data.measure.views import View, with_even_light

WANTED_FLOW = 0.03
"""Median motion of a pair as a fraction of the width."""
LEAST_FLOW = 0.004
EPIPOLAR_DISTANCE = 2.0
"""Pixels within which a corner agrees with the epipolar geometry of a pinhole camera; less drops what a lens bends."""
FIELDS_OF_VIEW = (30.0, 45.0, 60.0, 80.0, 100.0)
"""Degrees, horizontal: cameras that are tried where none is given."""


@dataclass(frozen=True)
class SampledPair:
    """A pair with the corners that agree with one epipolar geometry, which needs no camera to be known."""

    index: int
    """In the sample, of the first frame."""
    gap: int
    """Frames between the two."""
    size: tuple[int, int]
    """Height and width of the measured images."""
    first: PixelList
    second: PixelList
    tracks: int
    """Corners found in both images, whether they agree or not."""
    corners: int

    @property
    def flow(self) -> float:
        """Return the median motion of all agreeing corners as a fraction of the width."""
        if not len(self.first):
            return 0.0
        return float(np.median(np.linalg.norm(self.second - self.first, axis=1))) / self.size[1]

    @property
    def lost(self) -> bool:
        """Return whether too few corners are found again to tell anything."""
        return self.corners >= FEWEST_TRACKS and self.tracks < CUT_SHARE * self.corners

    @property
    def told(self) -> bool:
        """Return whether enough corners agree, and move, to tell how the camera moved."""
        return len(self.first) >= FEWEST_INLIERS and self.flow >= LEAST_FLOW

    def parallax(self, camera: CameraNumbers) -> float:
        """Return the median motion that no turn of this camera explains, as a fraction of the width."""
        K = camera_matrix(camera)
        R = robust_rotation(self.first, self.second, K, K)
        return float(np.median(parallax_lengths(R, self.first, self.second, K, K))) / self.size[1]


def sampled_pairs(sample: Sample, steps: Steps) -> list[SampledPair]:
    """Measure a pair from each place of the sample, of the gap at which the picture moves by about 3 % of its width."""
    moved = dict(zip(steps.first.tolist(), steps.moved.tolist(), strict=True))
    cuts = set(steps.first[steps.cut].tolist())
    pairs = []
    for place in sample.places:
        end = sample.run_end(place)
        gaps = [gap for gap in GAPS if place + gap < end and place + gap in sample.wide]
        gaps = [gap for gap in gaps if not cuts & set(range(place, place + gap))]
        if not gaps or place not in sample.wide:
            continue
        flow = max(1e-5, float(np.mean([moved.get(index, 0.0) for index in range(place, place + max(gaps))])))
        gap = min(gaps, key=lambda one: abs(np.log(one * flow / WANTED_FLOW)))
        pairs.append(_measure(sample, place, gap))
    return pairs


def cameras_to_try(size: tuple[int, int], given: CameraNumbers | None) -> list[CameraNumbers]:
    """Return the given camera, or central ones of square pixels over the usual fields of view."""
    if given is not None:
        return [given]
    height, width = size
    focals = [width / 2 / np.tan(np.radians(degrees) / 2) for degrees in FIELDS_OF_VIEW]
    return [(focal, focal, (width - 1) / 2, (height - 1) / 2) for focal in focals]


def _measure(sample: Sample, place: int, gap: int) -> SampledPair:
    images = [with_even_light(View(sample.wide[index], (1.0, 1.0, 0.0, 0.0))).image for index in (place, place + gap)]
    tracks = follow_corners(*images)
    first, second = tracks.first, tracks.second
    agrees = np.zeros(len(first), bool)
    if len(first) >= 8:
        agrees = epipolar_inliers(first, second, distance=EPIPOLAR_DISTANCE)
    size = (images[0].shape[0], images[0].shape[1])
    return SampledPair(place, gap, size, first[agrees], second[agrees], len(tracks), tracks.corners)
