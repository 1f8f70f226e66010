import numpy as np

from vection.inference.motion.scene_flow import scene_flow

CAMERA = (10.0, 12.0, 3.0, 2.0)


def test_static_points_move_against_the_camera():
    depth = np.full((5, 7), 4, np.float32)
    T = np.eye(4)
    T[:3, 3] = [0.5, 0, -1]
    flow = scene_flow(depth, intrinsics=CAMERA, T_to_next=T)
    assert flow.shape == (5, 7, 3)
    np.testing.assert_allclose(flow, np.broadcast_to([0.5, 0, -1], flow.shape), atol=1e-6)


def test_objects_move_before_the_camera_turns():
    depth = np.full((5, 7), 4, np.float32)
    turn = np.array([[0.0, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    own = np.zeros((5, 7, 3), np.float32)
    own[2, 3] = [0, 0, 2]
    flow = scene_flow(depth, intrinsics=CAMERA, T_to_next=turn, object_flow=own)
    # The pixel at the centre sees (0, 0, 4); it moves to (0, 0, 6), which the turned camera has at (-6, 0, 0).
    np.testing.assert_allclose(flow[2, 3], [-6, 0, -4], atol=1e-6)
    x, y = (6 - 3) / 10 * 4, (0 - 2) / 12 * 4
    np.testing.assert_allclose(flow[0, 6], [-4 - x, y - y, x - 4], atol=1e-6)
