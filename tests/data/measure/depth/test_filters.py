"""What does not belong to the static world is left out, on scenes of a plane and boxes."""

import math

import numpy as np
import pytest

from vection.data.measure.depth.contradiction import agrees_with
from vection.data.measure.depth.flow import Correspondence
from vection.data.measure.depth.fusion import FusedDepth, fuse, shrink
from vection.data.measure.depth.ground import beside_ground, fit_ground
from vection.data.measure.depth.moving import Step, find_moving, without_specks
from vection.data.measure.depth.triangulation import Triangulation, triangulate
from vection.data.measure.settings import MeasureSettings

K = np.array([[200.0, 0, 159.5], [0, 200.0, 47.5], [0, 0, 1]])
HEIGHT = 1.5
SIZE = (96, 320)
MARGIN = MeasureSettings().ground_margin


def street() -> np.ndarray:
    """A road that ends at a wall 30 m away."""
    rows = np.arange(SIZE[0])[:, None] * np.ones(SIZE[1])
    road = HEIGHT * 200.0 / np.maximum(rows - 47.5, 0.1)
    return np.minimum(road, 30.0).astype(np.float32)


def with_box(depth: np.ndarray, *, true: float, measured: float) -> tuple[np.ndarray, np.ndarray]:
    """A box 1.4 m high on the road, `true` metres away, that was measured at another depth; and where it is."""
    inside = np.zeros(SIZE, bool)
    foot = int(47.5 + 200 * HEIGHT / true)
    inside[foot - int(200 * 1.4 / true) : foot, 120:160] = True
    return np.where(inside, np.float32(measured), depth), inside


def test_the_ground_is_found_below_obstacles():
    depth, _ = with_box(street(), true=10.0, measured=10.0)
    m = fit_ground(depth, K)
    assert m is not None
    assert m == pytest.approx([0, 1 / HEIGHT, 0], abs=0.01)


def test_a_wall_alone_has_no_ground():
    assert fit_ground(np.full(SIZE, 5.0, np.float32), K) is None
    assert fit_ground(np.zeros(SIZE, np.float32), K) is None


def beside(depth: np.ndarray) -> np.ndarray:
    return beside_ground(depth, K, np.array([0, 1 / HEIGHT, 0]), margin=MARGIN)


def test_what_stands_on_the_ground_stays():
    depth, _ = with_box(street(), true=10.0, measured=10.0)
    assert beside(depth).mean() < 0.005


@pytest.mark.parametrize("measured", [20.0, 25.0])
def test_what_drives_along_is_left_out_up_to_its_roof(measured):
    depth, inside = with_box(street(), true=10.0, measured=measured)
    out = beside(depth)
    assert out[inside].mean() > 0.9
    assert out[~inside].mean() < 0.005


def test_what_comes_towards_the_camera_is_left_out():
    depth, inside = with_box(street(), true=10.0, measured=6.0)
    out = beside(depth)
    assert out[inside].mean() > 0.9
    assert out[~inside].mean() < 0.005


def moved(depth: np.ndarray, t: np.ndarray, *, aside: float = 0.0) -> Correspondence:
    """Exact flow of a static scene; `aside` moves points downwards in pixels."""
    rows, columns = np.indices(SIZE)
    rays = np.stack([columns, rows, np.ones(SIZE)], axis=-1) @ np.linalg.inv(K).T
    seen = (rays * depth[..., None] + t) @ K.T
    u, v = seen[..., 0] / seen[..., 2], seen[..., 1] / seen[..., 2] + aside
    flow = np.stack([u - columns, v - rows], axis=-1).astype(np.float32)
    return Correspondence(flow, np.zeros(SIZE, np.float32))


def measured(seen: Correspondence, t: np.ndarray, settings: MeasureSettings) -> Triangulation:
    return triangulate(seen, K=K, K_other=K, R=np.eye(3), direction=t / np.linalg.norm(t), settings=settings)


def test_depth_is_that_of_the_scene_in_baselines():
    t = np.array([-0.3, 0.0, -1.2])
    found = measured(moved(street(), t), t, MeasureSettings())
    known = found.depth > 0
    assert known.mean() > 0.5
    assert found.depth[known] * np.linalg.norm(t) == pytest.approx(street()[known], rel=1e-2)
    assert found.parallax[known].min() > 1


def test_what_leaves_the_epipolar_line_is_left_out():
    t = np.array([-1.0, 0.0, 0.0])
    assert measured(moved(street(), t, aside=0.5), t, MeasureSettings()).pixels > 0
    assert measured(moved(street(), t, aside=1.0), t, MeasureSettings()).pixels == 0
    assert measured(moved(street(), t, aside=1.0), t, MeasureSettings(epipolar_distance=math.inf)).pixels > 0


def triangulation(depth: np.ndarray, *, parallax: float = 10.0) -> Triangulation:
    return Triangulation(
        depth.astype(np.float32), np.full(depth.shape, parallax, np.float32), np.zeros(depth.shape, np.float32)
    )


def test_pairs_are_brought_to_one_scale_and_contradictions_left_out():
    first, second = street(), street() / 2
    second[10:20, 10:20] *= 1.5
    fused = fuse([triangulation(first), triangulation(second, parallax=9.0)], MeasureSettings())
    assert fused.baselines == pytest.approx((1.0, 2.0))
    assert not fused.depth[10:20, 10:20].any()
    rest = fused.depth > 0
    assert rest.sum() == rest.size - 100
    assert fused.depth[rest] == pytest.approx(first[rest], rel=1e-3)


def test_one_pair_weighs_less_than_two_that_agree():
    second = street()
    second[:, :160] = 0
    fused = fuse([triangulation(street()), triangulation(second)], MeasureSettings())
    assert fused.weight[:, :160].max() < fused.weight[:, 160:].min()


def test_stored_pixels_average_and_leave_out_edges():
    depth = np.full((8, 8), 4.0, np.float32)
    depth[:, 3:] = 8.0
    depth[6:] = 0
    small, weight = shrink(FusedDepth(depth, (depth > 0).astype(np.float32), (1.0,)), (4, 4))
    assert small[0] == pytest.approx([4, 0, 8, 8])
    assert not small[3].any()
    assert weight[0] == pytest.approx([1, 0, 1, 1])


def test_a_network_can_contradict():
    predicted = street() / 7
    predicted[:30] *= 2.0
    kept = agrees_with(street(), predicted)
    assert kept[30:].all()
    assert not kept[:30].any()
    assert not agrees_with(np.zeros(SIZE, np.float32), predicted).any()


def seen_by(flow: np.ndarray, translation: np.ndarray) -> Step:
    seen = Correspondence(flow.astype(np.float32), np.zeros(SIZE, np.float32))
    triangulated = triangulate(seen, K=K, K_other=K, R=np.eye(3), direction=translation, settings=MeasureSettings())
    return Step(triangulated, seen.round_trip_error, K, np.eye(3), translation)


def flow_of(depth: np.ndarray, translation: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    points = np.stack([x, y, np.ones(SIZE)], axis=-1) @ np.linalg.inv(K).T * depth[..., None]
    seen = (points + translation) @ K.T
    return seen[..., :2] / seen[..., 2:] - np.stack([x, y], axis=-1)


def found(flow: np.ndarray, translation: np.ndarray, *, ground: np.ndarray | None) -> np.ndarray:
    return find_moving([seen_by(flow, translation)], K=K, ground=ground, size=SIZE, settings=MeasureSettings())


def test_what_moves_across_or_drives_along_is_seen_to_move():
    depth, inside = with_box(street(), true=8.0, measured=8.0)
    forward, ground = np.array([0.0, 0.0, -1.0]), np.array([0, 1 / HEIGHT, 0])
    still = flow_of(depth, forward)
    assert not found(still, forward, ground=ground).any()
    across = np.where(inside[..., None], still + np.array([0.0, 4.0]), still)
    assert found(across, forward, ground=None)[inside].mean() > 0.6  # elsewhere the epipolar line runs along
    assert not found(across, forward, ground=None)[~inside].any()
    along = np.where(inside[..., None], 0.0, still)
    seen = found(along, forward, ground=ground)
    assert not seen[~inside].any()
    assert seen[inside].any()
    assert not found(along, forward, ground=None).any()  # the epipolar line does not tell


def test_specks_are_no_objects():
    moving = np.zeros((9, 12), bool)
    moving[1, 1] = True
    moving[4:7, 4:8] = True
    unknown = np.ones_like(moving)
    unknown[:, 9:] = False
    expected = np.zeros_like(moving)
    expected[3:8, 3:9] = True
    assert np.array_equal(without_specks(moving, unknown=unknown), expected)
