import numpy as np
import pytest

from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.clips.undistortion import undistortion


@pytest.mark.parametrize(
    ("distortion", "fisheye", "fold"),
    [
        ((-0.369, 0.0, 0.0, 0.0, 0.0), None, (1 / (3 * 0.369)) ** 0.5),
        ((-0.25, 0.08, 0.0, 0.0, 0.0), None, np.inf),
        (None, (-0.2, 0.0, 0.0, 0.0), np.tan((1 / (3 * 0.2)) ** 0.5)),
    ],
)
def test_a_wide_view_leaves_the_image_where_the_lens_model_folds_back(distortion, fisheye, fold):
    camera = CameraIntrinsics(640, 480, 400.0, 400.0, 319.5, 239.5, "lens", distortion=distortion, fisheye=fisheye)
    straight, (columns, rows) = undistortion(camera, field_of_view=150.0)
    off = (np.arange(640) - straight.cx) / straight.fx
    seen = (columns[240] > 0) & (columns[240] < 639) & (rows[240] > 0)
    assert not seen[np.abs(off) > 1.02 * fold].any()
    assert (np.diff(columns[240][np.abs(off) < 0.98 * fold]) > 0).all()
