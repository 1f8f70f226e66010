"""Rigid transforms of column vectors: `T_a_to_c = T_b_to_c @ T_a_to_b`."""

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from vection.types import Points, Transform, Vector3

Rotation = Float[Tensor, "batch 3 3"]
"""Rotations of column vectors."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def full_precision(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Keep the matrix products of `function` out of autocast: in bfloat16 a metre at 100 m is lost."""

    @wraps(function)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        first = args[0]
        assert isinstance(first, Tensor)
        with torch.autocast(first.device.type, enabled=False):
            return function(*args, **kwargs)

    return wrapped


@full_precision
def rotation_from_axis_angle(axis_angle: Vector3) -> Rotation:
    """Rotation by |v| radians about v (Rodrigues), exact in value and gradient at and near zero.

    With theta = |v|: R = I + a [v]x + b [v]x^2, a = sin(theta)/theta, b = (1 - cos(theta))/theta^2,
    and their series below 1e-2 radians, where the quotients lose digits.
    """
    squared = (axis_angle * axis_angle).sum(dim=1)[:, None, None]
    small = squared < 1e-4
    # The unused branch of `where` still gets a gradient, so it must be finite: sqrt and 1/x stay away from 0.
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    a = torch.where(small, 1 - squared / 6 + squared**2 / 120, angle.sin() / angle)
    b = torch.where(small, 0.5 - squared / 24 + squared**2 / 720, (1 - angle.cos()) / safe)
    cross = _cross_matrix(axis_angle)
    identity = torch.eye(3, device=axis_angle.device, dtype=axis_angle.dtype)
    return identity + a * cross + b * (cross @ cross)


@full_precision
def rotation_from_euler(angles: Vector3, *, order: Literal["xyz", "zyx"] = "xyz") -> Rotation:
    """Rotation from angles (radians) about x, y, z: "xyz" is Rx Ry Rz (SC-SfMLearner, Li et al.), "zyx" is Rz Ry Rx."""
    sin, cos = angles.sin().unbind(1), angles.cos().unbind(1)
    ones, zeros = torch.ones_like(sin[0]), torch.zeros_like(sin[0])
    x = _matrix([[ones, zeros, zeros], [zeros, cos[0], -sin[0]], [zeros, sin[0], cos[0]]])
    y = _matrix([[cos[1], zeros, sin[1]], [zeros, ones, zeros], [-sin[1], zeros, cos[1]]])
    z = _matrix([[cos[2], -sin[2], zeros], [sin[2], cos[2], zeros], [zeros, zeros, ones]])
    return x @ y @ z if order == "xyz" else z @ y @ x


@full_precision
def rotation_from_quaternion(vector: Vector3) -> Rotation:
    """Rotation of the quaternion 1 + x i + y j + z k, normalised: an option of SC-SfMLearner's code."""
    x, y, z = vector.unbind(1)
    w = (1 + x * x + y * y + z * z).rsqrt()
    x, y, z = w * x, w * y, w * z
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return _matrix(rows)


def euler_from_rotation(rotation: Rotation) -> Vector3:
    """Angles (radians) about x, y, z of R = Rx Ry Rz, the one about y within a quarter turn."""
    cos_y = torch.hypot(rotation[:, 0, 0], rotation[:, 0, 1])
    x = torch.atan2(-rotation[:, 1, 2], rotation[:, 2, 2])
    z = torch.atan2(-rotation[:, 0, 1], rotation[:, 0, 0])
    return torch.stack([x, torch.atan2(rotation[:, 0, 2], cos_y), z], dim=1)


def make_transform(rotation: Rotation, translation: Vector3) -> Transform:
    """4x4 transform p -> R p + t."""
    top = torch.cat([rotation, translation[:, :, None]], dim=2)
    bottom = torch.zeros_like(top[:, :1])
    bottom[:, :, 3] = 1
    return torch.cat([top, bottom], dim=1)


def transform_from_axis_angle(axis_angle: Vector3, translation: Vector3) -> Transform:
    """p -> R(axis_angle) p + t, the pose law of Monodepth2, section 3.3.

    >>> quarter_turn = torch.tensor([[0, 0, torch.pi / 2]])
    >>> transform_from_axis_angle(quarter_turn, torch.tensor([[1.0, 2, 3]])).round(decimals=3)[0]
    tensor([[ 0., -1.,  0.,  1.],
            [ 1.,  0.,  0.,  2.],
            [ 0.,  0.,  1.,  3.],
            [ 0.,  0.,  0.,  1.]])
    """
    return make_transform(rotation_from_axis_angle(axis_angle), translation)


@full_precision
def invert(transform: Transform) -> Transform:
    """T_b_to_a from T_a_to_b, exact for a rigid transform: R^T and -R^T t.

    >>> T_a_to_b = transform_from_axis_angle(torch.tensor([[0.1, 0.2, 0.3]]), torch.tensor([[1.0, 2, 3]]))
    >>> bool(torch.allclose(compose(invert(T_a_to_b), T_a_to_b), torch.eye(4), atol=1e-6))
    True
    """
    rotation = transform[:, :3, :3].transpose(1, 2)
    return make_transform(rotation, -(rotation @ transform[:, :3, 3:])[:, :, 0])


@full_precision
def compose(then: Transform, first: Transform) -> Transform:
    """Return the transform that applies `first`, and then `then`."""
    return then @ first


@full_precision
def transform_points(points: Points, transform: Transform) -> Points:
    """Map every point by `transform`.

    >>> forward = make_transform(torch.eye(3)[None], torch.tensor([[0.0, 0, 1]]))
    >>> transform_points(torch.zeros(1, 3, 1, 1), forward).flatten()
    tensor([0., 0., 1.])
    """
    flat = points.flatten(2)
    moved = torch.baddbmm(transform[:, :3, 3:], transform[:, :3, :3], flat)
    return moved.view_as(points)


@full_precision
def rotate_back(vectors: Points, rotation: Rotation) -> Points:
    """R^T v: from the second camera's axes to the first's, if R turns the first's into the second's."""
    return (rotation.transpose(1, 2) @ vectors.flatten(2)).view_as(vectors)


@full_precision
def motion_vector(transform: Transform) -> Float[Tensor, "batch 6"]:
    """Translation, then axis-angle (radians), of a rigid motion that turns by less than 90 degrees."""
    turned = transform[:, :3, :3] - transform[:, :3, :3].transpose(1, 2)
    # Half the antisymmetric part is the axis times the sine of the angle.
    scaled = 0.5 * torch.stack([turned[:, 2, 1], turned[:, 0, 2], turned[:, 1, 0]], dim=1)
    sine = torch.linalg.vector_norm(scaled, dim=1, keepdim=True)
    small = sine < 1e-4
    ratio = torch.where(small, 1 + sine * sine / 6, sine.clamp(1e-4, 1).asin() / sine.clamp(min=1e-4))
    return torch.cat([transform[:, :3, 3], ratio * scaled], dim=1)


def _cross_matrix(vector: Vector3) -> Rotation:
    """[v]x, so that [v]x p = v x p."""
    x, y, z = vector.unbind(1)
    zero = torch.zeros_like(x)
    return _matrix([[zero, -z, y], [z, zero, -x], [-y, x, zero]])


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
