import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vection.geometry.rigid import (
    invert,
    make_transform,
    motion_vector,
    rotate_back,
    rotation_from_axis_angle,
    rotation_from_euler,
    rotation_from_quaternion,
    transform_from_axis_angle,
    transform_points,
)

few = settings(max_examples=20, deadline=None, derandomize=True)
numbers = st.floats(-3, 3)
vectors = st.tuples(numbers, numbers, numbers)
double = torch.float64


def cross_matrix(v: torch.Tensor) -> torch.Tensor:
    x, y, z = v.tolist()
    return torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=v.dtype)


def turn(axis: str, angle: float) -> torch.Tensor:
    c, s = math.cos(angle), math.sin(angle)
    rows = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return torch.tensor(rows[axis], dtype=double)


@few
@given(axis_angle=vectors)
def test_axis_angle_is_the_matrix_exponential(axis_angle: tuple[float, float, float]):
    vector = torch.tensor([axis_angle], dtype=double)
    expected = torch.linalg.matrix_exp(cross_matrix(vector[0]))
    torch.testing.assert_close(rotation_from_axis_angle(vector)[0], expected, atol=1e-11, rtol=0)


@pytest.mark.parametrize("angle", [0.0, 1e-30, 1e-9, 1e-4, 0.00999, 0.01, 0.01001, 1.0, math.pi - 1e-7, math.pi])
@pytest.mark.parametrize("dtype", [torch.float32, double])
def test_value_and_gradient_hold_at_any_angle(angle: float, dtype: torch.dtype):
    direction = torch.tensor([0.6, -0.48, 0.64], dtype=double)
    vector = (angle * direction)[None].to(dtype).requires_grad_()
    rotation = rotation_from_axis_angle(vector)
    expected = torch.linalg.matrix_exp(cross_matrix(angle * direction))
    exact = dtype == double
    torch.testing.assert_close(rotation[0].to(double), expected, atol=1e-11 if exact else 5e-7, rtol=0)
    rotation[0, 1, 2].backward()
    assert vector.grad is not None
    step = 1e-6
    slopes = [
        (
            torch.linalg.matrix_exp(cross_matrix(angle * direction + step * unit))[1, 2]
            - torch.linalg.matrix_exp(cross_matrix(angle * direction - step * unit))[1, 2]
        )
        / (2 * step)
        for unit in torch.eye(3, dtype=double)
    ]
    torch.testing.assert_close(vector.grad[0].to(double), torch.stack(slopes), atol=1e-8 if exact else 2e-5, rtol=0)


def test_rotations_have_the_right_gradient():
    vectors = torch.tensor([[0.3, -0.2, 0.5], [1e-3, 2e-3, 0.0], [2.0, 1.0, -2.0]], dtype=double, requires_grad=True)
    assert torch.autograd.gradcheck(rotation_from_axis_angle, vectors)
    assert torch.autograd.gradcheck(lambda v: rotation_from_euler(v, order="zyx"), vectors)


@few
@given(angles=vectors)
def test_euler_angles_are_products_of_three_turns(angles: tuple[float, float, float]):
    vector = torch.tensor([angles], dtype=double)
    x, y, z = (turn(axis, angle) for axis, angle in zip("xyz", angles, strict=True))
    torch.testing.assert_close(rotation_from_euler(vector)[0], x @ y @ z)
    torch.testing.assert_close(rotation_from_euler(vector, order="zyx")[0], z @ y @ x)


@few
@given(axis_angle=vectors, translation=vectors)
def test_inverse_undoes(axis_angle: tuple[float, float, float], translation: tuple[float, float, float]):
    T = transform_from_axis_angle(torch.tensor([axis_angle], dtype=double), torch.tensor([translation], dtype=double))
    torch.testing.assert_close(T @ invert(T), torch.eye(4, dtype=double)[None])
    torch.testing.assert_close(invert(T), torch.linalg.inv(T))


def test_transforms_compose_from_right_to_left():
    generator = torch.Generator().manual_seed(0)
    first, second = (
        transform_from_axis_angle(*torch.randn(2, 2, 3, dtype=double, generator=generator)) for _ in range(2)
    )
    points = torch.randn(2, 3, 4, 5, dtype=double, generator=generator)
    torch.testing.assert_close(
        transform_points(transform_points(points, first), second), transform_points(points, second @ first)
    )


def test_transform_points_by_hand():
    T = make_transform(turn("z", math.pi / 2)[None], torch.tensor([[1.0, 2.0, 3.0]], dtype=double))
    moved = transform_points(torch.tensor([1.0, 0.0, 5.0], dtype=double).view(1, 3, 1, 1), T)
    torch.testing.assert_close(moved.flatten(), torch.tensor([1.0, 3.0, 8.0], dtype=double))


def test_autocast_leaves_the_geometry_in_float32():
    vector, translation = torch.tensor([[0.4, -0.3, 0.2]]), torch.tensor([[3.3, -2.1, 97.7]])
    points = 50 * torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(0))

    def compute() -> list[torch.Tensor]:
        T = transform_from_axis_angle(vector, translation)
        return [T, invert(T), rotation_from_euler(vector), transform_points(points, T)]

    plain = compute()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = compute()
    for one, other in zip(cast, plain, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other)


@few
@given(vector=vectors)
def test_quaternions_turn_about_their_vector(vector: tuple[float, float, float]):
    v = torch.tensor([vector], dtype=double)
    length = v.norm()
    # 1 + v is cos(a/2) + sin(a/2) u times a number, so a = 2 atan|v| about v
    axis_angle = 2 * torch.atan(length) * v / length if length > 0 else v
    torch.testing.assert_close(rotation_from_quaternion(v), rotation_from_axis_angle(axis_angle), atol=1e-12, rtol=0)


def test_turning_back_undoes_the_turn():
    R = rotation_from_euler(torch.tensor([[0.3, -0.2, 0.1]]))
    vectors = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    turned = (R @ vectors.flatten(2)).view_as(vectors)
    torch.testing.assert_close(rotate_back(turned, R), vectors)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 0.2, 1.4])
def test_a_motion_vector_gives_its_transform_back(angle: float):
    axis = torch.nn.functional.normalize(torch.tensor([[1.0, -2.0, 0.5]]), dim=1)
    translation = torch.tensor([[0.1, 0.2, -0.3]])
    vector = motion_vector(transform_from_axis_angle(angle * axis, translation))
    torch.testing.assert_close(vector, torch.cat([translation, angle * axis], dim=1), atol=2e-7, rtol=1e-5)
