import torch
from torch import Tensor

from vection.geometry.camera import backproject, project
from vection.geometry.flow import ego_flow, explain, object_flow, points_in_source, sampling_displacement
from vection.geometry.rigid import invert, transform_from_axis_angle, transform_points
from vection.geometry.views import Views
from vection.geometry.warp import sample

HEIGHT, WIDTH = 12, 20


def scene(*, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Points, T_target_to_source and complete flow."""
    generator = torch.Generator().manual_seed(0)
    depth = 4 + 4 * torch.rand(batch, 1, HEIGHT, WIDTH, generator=generator)
    T = transform_from_axis_angle(
        0.1 * torch.randn(batch, 3, generator=generator), 0.3 * torch.randn(batch, 3, generator=generator)
    )
    return backproject(depth, camera(batch)), T, 0.2 * torch.randn(batch, 3, HEIGHT, WIDTH, generator=generator)


def camera(batch: int) -> Tensor:
    return torch.tensor([[15.0, 0, 9.5], [0, 15.0, 5.5], [0, 0, 1]]).expand(batch, 3, 3)


def test_a_still_camera_has_no_ego_flow_and_a_step_is_the_flow_of_all_points():
    points, _, _ = scene()
    T = torch.eye(4).repeat(2, 1, 1)
    assert torch.equal(ego_flow(points, T), torch.zeros_like(points))
    T[:, 2, 3] = -0.5
    torch.testing.assert_close(ego_flow(points, T)[:, 2], torch.full((2, HEIGHT, WIDTH), -0.5))


def test_the_mask_chooses_between_ego_and_complete_flow():
    points, T, complete = scene()
    ego, none, all_of_it = ego_flow(points, T), torch.zeros(2, 1, HEIGHT, WIDTH), torch.ones(2, 1, HEIGHT, WIDTH)
    still, moving = object_flow(complete, ego, none), object_flow(complete, ego, all_of_it)
    torch.testing.assert_close(points_in_source(points, T, still), transform_points(points, T))
    torch.testing.assert_close(points_in_source(points, T, moving), points + complete)
    half = object_flow(complete, ego, 0.5 * all_of_it)  # eq. 8: the weighted mean of both
    torch.testing.assert_close(points_in_source(points, T, half), points + 0.5 * complete + 0.5 * ego)


def test_the_two_orders_differ_by_the_camera_s_rotation():
    points, T, complete = scene()
    own = object_flow(complete, ego_flow(points, T), torch.full((2, 1, HEIGHT, WIDTH), 0.7))
    before = points_in_source(points, T, own, order="object-first")
    after = points_in_source(points, T, own)
    assert not torch.allclose(before, after, atol=1e-3)
    turned = (T[:, :3, :3] @ own.flatten(2)).view_as(own)
    torch.testing.assert_close(before, points_in_source(points, T, turned), atol=1e-5, rtol=1e-5)
    straight = T.clone()
    straight[:, :3, :3] = torch.eye(3)
    torch.testing.assert_close(
        points_in_source(points, straight, own), points_in_source(points, straight, own, order="object-first")
    )


def test_explanations_sample_where_the_points_are():
    generator = torch.Generator().manual_seed(1)
    points, T, complete = scene()
    images = torch.rand(3, 2, 3, HEIGHT, WIDTH, generator=generator)
    views = Views(images[0], images[1:].transpose(0, 1), camera(2), camera(4).unflatten(0, (2, 2)))
    transforms = torch.stack([invert(T), T], dim=1)
    flows = torch.stack([-complete, complete], dim=1)
    moving = torch.rand(2, 1, HEIGHT, WIDTH, generator=generator)
    depth = points[:, 2:]

    def expected(found: Tensor) -> Tensor:
        return sample(images[2], project(found, camera(2)))

    ego = ego_flow(points, T)
    by_camera = explain(views, depth, transforms)
    torch.testing.assert_close(by_camera.warped[:, 1], expected(points + ego), atol=1e-5, rtol=1e-4)
    by_flow = explain(views, depth, transforms, complete=flows)
    torch.testing.assert_close(by_flow.warped[:, 1], expected(points + complete), atol=1e-5, rtol=1e-4)
    by_both = explain(views, depth, transforms, complete=flows, moving=moving, with_displacement=True)
    own = object_flow(complete, ego, moving)
    torch.testing.assert_close(by_both.warped[:, 1], expected(points + ego + own), atol=1e-5, rtol=1e-4)
    assert by_both.residual is not None
    assert by_both.of_objects is not None
    assert by_both.displacement is not None
    torch.testing.assert_close(by_both.residual[:, 1], complete - ego)
    torch.testing.assert_close(by_both.of_objects[:, 1], own)
    of_rest = explain(
        views, depth, transforms, complete=by_both.residual / depth[:, None], left_over=True, moving=moving
    )
    torch.testing.assert_close(of_rest.warped, by_both.warped, atol=1e-5, rtol=1e-4)
    shift = project(points + complete, camera(2)) - project(points + ego, camera(2))
    pixels = by_both.displacement[:, 1].permute(0, 2, 3, 1) * torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    torch.testing.assert_close(pixels, shift, atol=1e-4, rtol=1e-4)


def test_displacement_of_a_whole_image_is_two():
    ego = torch.zeros(1, HEIGHT, WIDTH, 2)
    complete = ego + torch.tensor([WIDTH - 1.0, 0])
    assert sampling_displacement(ego, complete)[0, :, 3, 4].tolist() == [2, 0]
