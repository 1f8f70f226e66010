import pytest
import torch
from torch.nn import functional

from vection.geometry.rigid import invert, transform_from_axis_angle
from vection.geometry.views import Views
from vection.geometry.warp import warp
from vection.methods.monodepth2_settings import Monodepth2Settings, Short
from vection.methods.steps.multi_scale import compare_scales

HEIGHT, WIDTH = 48, 80
K = torch.tensor([[[46.0, 0, 39.5], [0, 46.0, 23.5], [0, 0, 1]]])


@pytest.mark.parametrize(("derotated", "least", "most"), [(False, 0.7, 1.0), (True, 0.0, 0.3)])
def test_what_travels_along_is_recognised_although_the_camera_turns(derotated: bool, least: float, most: float):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 12, 20, generator=generator)
    target = functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False)
    turn = transform_from_axis_angle(torch.tensor([[0.0, 0.04, 0.0]]), torch.zeros(1, 3))
    # Everything travels with the camera, so between the frames nothing but the rotation is seen.
    source = warp(target, torch.ones(1, 1, HEIGHT, WIDTH), invert(turn), intrinsics=K, source_intrinsics=K)
    moved = turn.clone()
    moved[:, :3, 3] = torch.tensor([0.002, 0.0, -0.01])
    views = Views(target, source[:, None], K, K[:, None])
    settings = Monodepth2Settings(ssim_weight=0.0, short=Short(derotated_mask=derotated))
    # At this disparity the translation shifts the view: worse than the rotation alone, but better than no rotation.
    disparity = torch.full((1, 1, HEIGHT, WIDTH), 0.35)
    (result,) = compare_scales([disparity], moved[:, None], [views], comparison=settings.comparison())
    share = float(result.reprojection.selected[..., 4:-4, 8:-8].float().mean())
    assert least <= share <= most
