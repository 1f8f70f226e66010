import cv2
import numpy as np

from vection.data.measure.pairs.chained_pairs import contradicts_steps
from vection.formats.measured_geometry import MeasuredPair, rows_of


def pair(first: int, second: int, *, yaw: float, direction: tuple[float, float, float] | None) -> MeasuredPair:
    rotation = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0]
    return MeasuredPair(
        first, second, reason=None if direction else "rotation", rotation=rows_of(rotation), direction=direction
    )


FORWARD = (0.0, 0.0, -1.0)
STEPS = [pair(0, 1, yaw=2.0, direction=FORWARD), pair(1, 2, yaw=2.0, direction=FORWARD)]


def test_a_pair_moves_as_its_steps():
    assert not contradicts_steps(pair(0, 2, yaw=4.0, direction=FORWARD), STEPS)


def test_another_direction_contradicts():
    assert contradicts_steps(pair(0, 2, yaw=4.0, direction=(1.0, 0.0, 0.0)), STEPS)
    assert contradicts_steps(pair(0, 2, yaw=4.0, direction=(0.0, 0.0, 1.0)), STEPS)


def test_another_rotation_contradicts():
    assert contradicts_steps(pair(0, 2, yaw=2.0, direction=FORWARD), STEPS)


def test_a_halt_among_the_steps_has_no_direction():
    halted = [STEPS[0], pair(1, 2, yaw=2.0, direction=None)]
    assert not contradicts_steps(pair(0, 2, yaw=4.0, direction=FORWARD), halted)
    assert contradicts_steps(pair(0, 2, yaw=4.0, direction=(1.0, 0.0, 0.0)), halted)


def test_neighbours_have_no_steps():
    assert not contradicts_steps(pair(0, 1, yaw=9.0, direction=FORWARD), [])


def test_an_unknown_step_contradicts_nothing():
    unknown = [STEPS[0], MeasuredPair(1, 2, reason="blur")]
    assert not contradicts_steps(pair(0, 2, yaw=9.0, direction=(1.0, 0.0, 0.0)), unknown)
