import numpy as np
import pytest

from vection.data.measure.path import camera_path
from vection.data.measure.scales import Link, solve_scales
from vection.formats.measured_geometry import MeasuredPair, rows_of

STEPS = {(0, 1): 1.0, (1, 2): 2.0, (2, 3): 1.0, (3, 4): 0.5, (0, 2): 3.0, (1, 3): 3.0, (2, 4): 1.5}
UNITS = [0.5, 2.0, 1.0, 4.0, 0.25]


def known_by(number: int) -> dict[tuple[int, int], float]:
    """Lengths of a frame's pairs in a unit of its own."""
    return {pair: length / UNITS[number] for pair, length in STEPS.items() if number in pair}


def test_frames_agree_on_every_baseline():
    scales = solve_scales({number: known_by(number) for number in range(5)})
    ratio = [scales.frames[number] / UNITS[number] for number in range(5)]
    assert ratio == pytest.approx([ratio[0]] * 5, rel=1e-6)
    assert {pair: length / ratio[0] for pair, length in scales.baselines.items()} == pytest.approx(STEPS)
    assert set(scales.parts.values()) == {0}


def test_one_wrong_ratio_does_not_move_the_others():
    baselines = {number: known_by(number) for number in range(5)}
    baselines[2][1, 2] *= 1.5
    scales = solve_scales(baselines)
    ratio = [scales.frames[number] / UNITS[number] for number in range(5)]
    assert ratio == pytest.approx([ratio[0]] * 5, rel=0.02)


def test_parts_without_a_common_pair_have_scales_of_their_own():
    baselines = {0: {(0, 1): 1.0}, 1: {(0, 1): 2.0}, 5: {(5, 6): 3.0}, 6: {(5, 6): 3.0}}
    scales = solve_scales(baselines)
    assert scales.parts == {0: 0, 1: 0, 5: 1, 6: 1}
    assert scales.baselines == pytest.approx({(0, 1): 1.0, (5, 6): 1.0})


def test_a_pair_of_two_parts_is_in_the_unit_of_the_frame_that_knows_it():
    scales = solve_scales({0: {(0, 1): 1.0}, 1: {(0, 1): 1.0}, 2: {(1, 2): 7.0, (2, 3): 7.0}, 3: {(2, 3): 1.0}})
    assert scales.frames == pytest.approx({0: 1.0, 1: 1.0, 2: 1 / 7, 3: 1.0})
    assert scales.baselines == pytest.approx({(0, 1): 1.0, (2, 3): 1.0})
    scales = solve_scales({0: {(0, 1): 1.0}, 1: {(0, 1): 1.0}, 2: {(1, 2): 7.0}})
    assert scales.frames == pytest.approx({0: 1.0, 1: 1.0, 2: 1 / 7})


def test_a_link_joins_two_parts():
    baselines = {0: {(0, 1): 1.0}, 1: {(0, 1): 1.0}, 5: {(5, 6): 1.0}, 6: {(5, 6): 1.0}}
    scales = solve_scales(baselines, [Link(1, 5, float(np.log(2.0)))])
    assert set(scales.parts.values()) == {0}
    assert scales.frames[1] / scales.frames[5] == pytest.approx(2.0)


def test_nothing_known_is_nothing_scaled():
    assert solve_scales({}).frames == {}


def test_a_long_clip_is_solved_quickly():
    scales = solve_scales({n: {(a, a + 1): 1.0 + n % 3 for a in (n - 1, n) if 0 <= a < 4999} for n in range(5000)})
    assert len(scales.frames) == 5000
    assert scales.frames[0] / scales.frames[4998] == pytest.approx(1.0, rel=1e-3)


def pair(first: int, second: int, **changes: object) -> MeasuredPair:
    values = {"rotation": rows_of(np.eye(3)), "direction": (0.0, 0.0, -1.0)} | changes
    return MeasuredPair(first, second, **values)


def test_the_path_is_the_chain_of_steps():
    pairs = [pair(0, 1), pair(1, 2), pair(0, 2)]
    placed = camera_path(3, pairs, baselines={(0, 1): 1.0, (1, 2): 2.0}, parts={0: 0, 1: 0, 2: 0})
    assert [frame.T_camera_to_world[2, 3] for frame in placed] == pytest.approx([0, 1, 3])


def test_a_missing_step_is_a_share_of_a_wider_pair():
    pairs = [pair(0, 1, reason="few-inliers", rotation=None, direction=None), pair(0, 2), pair(1, 2)]
    placed = camera_path(3, pairs, baselines={(0, 2): 3.0, (1, 2): 2.0}, parts={0: 0, 1: 0, 2: 0})
    assert [frame.T_camera_to_world[2, 3] for frame in placed] == pytest.approx([0, 1.5, 3.5])
    assert {frame.segment for frame in placed} == {0}


def test_an_unknown_step_and_another_scale_begin_a_segment():
    pairs = [pair(0, 1), pair(1, 2, reason="cut", rotation=None, direction=None), pair(2, 3)]
    placed = camera_path(4, pairs, baselines={(0, 1): 1.0, (2, 3): 1.0}, parts={0: 0, 1: 0, 2: 1, 3: 1})
    assert [frame.segment for frame in placed] == [0, 0, 1, 1]


def test_a_wide_pair_across_two_parts_tells_no_step():
    path = camera_path(3, [pair(0, 2), pair(1, 2)], baselines={(0, 2): 6.0, (1, 2): 1.0}, parts={1: 0, 2: 1})
    assert [place.segment for place in path] == [0, 1, 2]


def test_a_camera_too_slow_for_one_step_goes_as_far_as_a_wider_pair_says():
    slow = [pair(0, 1, reason="standing", direction=None), pair(1, 2, reason="rotation", direction=None), pair(0, 2)]
    path = camera_path(3, slow, baselines={(0, 2): 2.0}, parts={0: 0, 1: 0, 2: 0})
    assert [place.T_camera_to_world[2, 3] for place in path] == pytest.approx([0, 1, 2])
    halts = [pair(0, 1), pair(1, 2, reason="standing", direction=None), pair(0, 2)]
    path = camera_path(3, halts, baselines={(0, 1): 2.0, (0, 2): 2.0}, parts={0: 0, 1: 0, 2: 0})
    assert [place.T_camera_to_world[2, 3] for place in path] == pytest.approx([0, 2, 2])
