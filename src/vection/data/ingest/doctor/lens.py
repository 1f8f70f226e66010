"""What the video itself says of its camera: focal length and distortion, or that they do not show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vection.arrays import CameraNumbers
from vection.data.ingest.doctor.finding import Finding
from vection.data.ingest.doctor.pairs import SampledPair
from vection.data.ingest.doctor.self_calibration import SelfCalibration, self_calibrate

FEWEST_PAIRS = 8
USUAL = (0.35, 3.0)
"""Focal lengths as fractions of the width: 110 to 19 degrees."""
SURE = 0.03
"""Uncertainty of the logarithm of the focal length."""
ALIKE = 0.12
"""By how much the focal lengths of two halves of the pairs may differ."""
CONTRADICTION = 0.25
STRONG_DISTORTION = 0.15
"""Displacement at the sides of the image as a fraction of the distance from the middle."""
HARMFUL_DISTORTION = 0.4
"""Action cameras have 0.35 and are learned from, with walls that bend; fisheyes have more."""
BETTER = 0.9
"""With distortion, epipolar distances must fall to this part, else something else is wrong."""
APART = 1.6
"""Ratio of the distortions of two halves of the pairs."""


@dataclass(frozen=True)
class MeasuredLens:
    """The camera as all pairs and two halves of them tell it."""

    whole: SelfCalibration
    halves: tuple[SelfCalibration, SelfCalibration]
    pinhole: SelfCalibration
    """All pairs without distortion."""

    @property
    def focal_observable(self) -> bool:
        """Return whether the focal length is told exactly, and alike by both halves, and is one of usual lenses."""
        logs = np.log([self.whole.focal, *(half.focal for half in self.halves)])
        sure = self.whole.focal_uncertainty < SURE and max(half.focal_uncertainty for half in self.halves) < 2 * SURE
        usual = USUAL[0] < self.whole.focal < USUAL[1]
        return bool(sure and usual and np.ptp(logs) < ALIKE)

    @property
    def distorted(self) -> bool:
        """Return whether lines are strongly bent, alike in both halves, and a pinhole fits clearly worse."""
        first, second = (half.distortion for half in self.halves)
        strong = min(abs(first), abs(second), abs(self.whole.distortion)) > STRONG_DISTORTION
        alike = strong and 1 / APART < first / second < APART
        return alike and self.whole.residual < BETTER * self.pinhole.residual


def measure_lens(pairs: Sequence[SampledPair]) -> MeasuredLens | None:
    """Calibrate the camera from pairs that move; None if there are fewer than eight, or they tell nothing."""
    told = [pair for pair in pairs if pair.told]
    if len(told) < FEWEST_PAIRS:
        return None
    whole = self_calibrate(told)
    if whole is None or (whole.focal_uncertainty >= SURE and abs(whole.distortion) <= STRONG_DISTORTION):
        return None
    # halves in time: neighbouring pairs see the same things and err alike
    first, second = (self_calibrate(some) for some in (told[: len(told) // 2], told[len(told) // 2 :]))
    pinhole = self_calibrate(told, distortion=False, start=whole)
    if first is None or second is None or pinhole is None:
        return None
    return MeasuredLens(whole, (first, second), pinhole)


def check_lens(lens: MeasuredLens | None, *, width: int, given: CameraNumbers | None) -> list[Finding]:
    """Compare what the video says of its camera with the stated one (fx in pixels of images of `width`)."""
    findings = []
    if lens is not None and lens.distorted:
        k = lens.whole.distortion
        findings.append(
            Finding(
                "distortion",
                "harmful" if abs(k) > HARMFUL_DISTORTION else "note",
                f"straight lines are bent: {'barrel' if k < 0 else 'pincushion'} distortion moves the sides of the "
                f"image by about {abs(k):.0%}, which a pinhole camera cannot explain",
                "calibrate with a chessboard and give dist_k1k2p1p2k3, or undistort the video first",
                {"distortion": round(k, 3), "uncertainty": round(lens.whole.distortion_uncertainty, 3)},
            )
        )
    observable = lens is not None and lens.focal_observable
    focal = lens.whole.focal if lens is not None else 0.0
    if given is None:
        findings.append(_unknown(focal if observable else None, width=width))
    elif observable and abs(np.log(focal * width / given[0])) > CONTRADICTION:
        cause = (
            f"the video shows a focal length of about {focal * width:.0f} pixels, the intrinsics state {given[0]:.0f}"
        )
        fix = "give the intrinsics of this camera and resolution"
        findings.append(Finding("focal-contradicted", "harmful", cause, fix, {"focal": round(focal * width, 1)}))
    return findings


def _unknown(focal: float | None, *, width: int) -> Finding:
    cause = "no intrinsics are given"
    if focal is None:
        cause += ", and the focal length cannot be observed in this video (it shows only where the camera turns enough)"
        fix = "give `intrinsics`; else 60 degrees are assumed"
        return Finding("camera-unknown", "note", cause, fix, {"focal_observable": False})
    degrees = 2 * np.degrees(np.arctan(0.5 / focal))
    fix = f"the video shows a focal length of about {focal * width:.0f} pixels: give `intrinsics=fov:{degrees:.0f}`"
    numbers = {"focal_observable": True, "focal": round(focal * width, 1), "field_of_view": round(float(degrees), 1)}
    return Finding("camera-unknown", "note", cause, fix, numbers)
