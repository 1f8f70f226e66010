import numpy as np
import pytest
import torch
from torch import Tensor

from vection.data.synthetic import render_drive
from vection.data.synthetic.settings import lead_car
from vection.geometry.motion import Moved, move
from vection.losses.rgbd_consistency import rgbd_consistency
from vection.losses.weighted_ssim import weighted_ssim_error

HEIGHT, WIDTH = 6, 7


def in_place(depth: Tensor) -> Moved:
    y, x = torch.meshgrid(torch.arange(float(HEIGHT)), torch.arange(float(WIDTH)), indexing="ij")
    return Moved(torch.stack([x, y], dim=-1)[None], depth, torch.ones_like(depth, dtype=torch.bool))


def images() -> tuple[Tensor, Tensor]:
    one, other = torch.rand(2, 1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    return one, other


def test_only_what_is_nearer_than_the_other_frame_sees_counts():
    one, other = images()
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    second = torch.full_like(depth, 3.0)
    second[0, 0, 2, 3] = 1.0  # something stands before it there
    found = rgbd_consistency(one, in_place(depth), second_image=other, second_depth=second)
    assert (~found.visible).nonzero().tolist() == [[0, 0, 2, 3]]
    error = (one - other).abs().mean(dim=1)
    assert float(found.colour_loss) == pytest.approx(float((error.sum() - error[0, 2, 3]) / error.numel()))
    assert float(found.depth_loss) == pytest.approx(41 / 42)


def test_means_over_what_counts_do_not_fall_when_less_counts():
    one, other = images()
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    near, far = torch.full_like(depth, 3.0), torch.full_like(depth, 3.0)
    far[..., 3:] = 1.0  # hides more than half
    for average, ratio in (("all", 3 / 7), ("counted", 1.0)):
        seen, hidden = (
            rgbd_consistency(one * 0, in_place(depth), second_image=other * 0 + 1, second_depth=second, average=average)
            for second in (near, far)
        )
        assert float(hidden.colour_loss / seen.colour_loss) == pytest.approx(ratio)
        assert float(hidden.depth_loss / seen.depth_loss) == pytest.approx(ratio)
    nothing = rgbd_consistency(one, in_place(depth), second_image=other, second_depth=depth * 0, average="counted")
    assert float(nothing.colour_loss) == 0


def test_proximity_is_half_at_the_typical_difference():
    one, other = images()
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    found = rgbd_consistency(one, in_place(depth), second_image=other, second_depth=depth + 0.5)
    s2 = 0.25 * 42 / 43 + 1e-4
    torch.testing.assert_close(found.proximity, torch.full_like(depth, s2 / (0.25 + s2)))


def test_unusable_pixels_do_not_count():
    one, other = images()
    depth = torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    usable = torch.ones_like(depth, dtype=torch.bool)
    usable[..., 4:] = False
    arguments = {"second_image": other, "second_depth": depth + 1, "usable": usable}
    found = rgbd_consistency(one, in_place(depth), **arguments)
    changed = one.clone()
    changed[..., 6] = 1 - changed[..., 6]  # no window of a usable pixel reaches it
    again = rgbd_consistency(changed, in_place(depth), **arguments)
    assert not found.visible[..., 4:].any()
    assert torch.equal(found.colour_loss, again.colour_loss)
    error, weight = weighted_ssim_error(one, other, found.proximity)
    assert float(weight[..., -1].max()) == 0
    assert float(found.ssim_loss) == pytest.approx(float((error * weight).mean()))


def test_weighted_ssim():
    one, other = images()
    weight = torch.ones(1, 1, HEIGHT, WIDTH)
    error, mean_weight = weighted_ssim_error(one, one, weight)
    assert error.shape == (1, 3, HEIGHT - 2, WIDTH - 2)
    assert float(error.abs().max()) < 1e-3
    torch.testing.assert_close(mean_weight, torch.ones_like(mean_weight))
    brighter, _ = weighted_ssim_error(one, one + 0.2, weight)
    assert float(brighter.abs().max()) < 1e-3  # means are not compared
    compared, _ = weighted_ssim_error(one, one + 0.2, weight, c1=1e-4)
    assert float(compared.min()) > 1e-3
    different, _ = weighted_ssim_error(one, other, weight)
    assert float(different.mean()) > 0.2


def test_pixels_without_weight_hardly_change_ssim():
    one, other = images()
    weight = torch.ones(1, 1, HEIGHT, WIDTH)
    weight[..., 3, 3] = 0
    changed = other.clone()
    changed[..., 3, 3] = 1 - changed[..., 3, 3]
    first, second = (weighted_ssim_error(one, image, weight)[0] for image in (other, changed))
    counted, recounted = (weighted_ssim_error(one, image, torch.ones_like(weight))[0] for image in (other, changed))
    assert float((first - second).abs().mean()) < 0.1 * float((counted - recounted).abs().mean())


def test_true_object_motion_explains_the_lead_car():
    """On a made-up street whose every motion is known, in the second camera's coordinates."""
    now, later = render_drive(lead_car(width=192, height=64, frames=2, speed=(9.0, 10.0)), seed=3)
    image, second = (torch.from_numpy(frame.image).permute(2, 0, 1)[None] / 255 for frame in (now, later))
    K = torch.from_numpy(now.intrinsics).float()[None]
    depths = [torch.from_numpy(np.where(np.isfinite(f.depth), f.depth, 1e4)).float()[None, None] for f in (now, later)]
    T = torch.from_numpy(np.linalg.inv(later.T_camera_to_world) @ now.T_camera_to_world).float()[None]
    flow = torch.from_numpy(np.nan_to_num(now.object_flow)).float()[None]
    R, background = T[:, :3, :3], T[:, :3, 3, None, None]
    residual = (R @ flow.flatten(2)).view_as(flow)
    moving = flow.norm(dim=1, keepdim=True) > 0.05
    assert 20 < int(moving.sum()) < 0.5 * moving.numel()

    def error(field: Tensor) -> float:
        moved = move(depths[0], R, background + field, intrinsics=K, second_intrinsics=K)
        found = rgbd_consistency(image, moved, second_image=second, second_depth=depths[1] * 1.02)
        return float(((found.seen - image).abs() * (moved.valid & moving)).sum())

    assert error(residual) < 0.5 * error(torch.zeros_like(residual))
    assert error(residual) < error(0.5 * residual)
