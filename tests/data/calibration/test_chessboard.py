"""A camera is found again from pictures that it took of a chessboard."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vection.arrays import Fisheye, RgbImage
from vection.cli.main import main
from vection.data.calibration.chessboard import calibrate
from vection.data.clips.given_intrinsics import resolve_intrinsics
from vection.errors import DataError

CORNERS = (7, 5)
SIZE = (480, 360)
MATRIX = np.array([[400.0, 0, 245.0], [0, 402.0, 176.0], [0, 0, 1]])
BENT = (-0.2, 0.05, 0.0, 0.0, 0.0)
FISHEYE = (0.04, -0.01, 0.002, 0.0)
SQUARE = 40
"""Pixels of the drawn board."""


def view(seed: int, *, fisheye: Fisheye | None = None) -> RgbImage:
    """A picture of the board, turned at random and somewhere in the image."""
    across, down = CORNERS[0] + 1, CORNERS[1] + 1
    checks = (np.add.outer(np.arange(down + 2), np.arange(across + 2)) % 2 * 255).astype(np.uint8)
    checks[[0, -1]], checks[:, [0, -1]] = 255, 255
    board = np.kron(checks, np.ones((SQUARE, SQUARE), np.uint8))
    generator = np.random.default_rng(seed)
    rotation = cv2.Rodrigues(generator.uniform(-0.45, 0.45, 3))[0]
    centre = np.array([across / 2 + 0.5, down / 2 + 0.5, 0])
    away = generator.uniform(9, 14)
    place = np.array([generator.uniform(-0.25, 0.25) * away, generator.uniform(-0.18, 0.18) * away, away])
    pixels = np.stack(np.meshgrid(*(np.arange(side, dtype=float) for side in SIZE)), -1).reshape(-1, 1, 2)
    if fisheye is None:
        rays = cv2.undistortPoints(pixels, MATRIX, np.array(BENT)).reshape(-1, 2)
    else:
        rays = cv2.fisheye.undistortPoints(pixels, MATRIX, np.array(fisheye)).reshape(-1, 2)
    rays = np.c_[rays, np.ones(len(rays))] @ rotation
    origin = -place @ rotation
    on_board = origin - rays * (origin[2] / rays[:, 2])[:, None] + centre
    maps = ((on_board[:, :2] * SQUARE - 0.5).reshape(SIZE[1], SIZE[0], 2)).astype(np.float32)
    grey = cv2.remap(board, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderValue=128)
    return np.repeat(cv2.GaussianBlur(grey, (0, 0), 0.6)[..., None], 3, 2)


def test_camera_and_lens_are_found_again():
    camera = calibrate((view(seed) for seed in range(16)), corners=CORNERS)
    assert camera.numbers == pytest.approx((400, 402, 245, 176), rel=0.01)
    assert camera.distortion is not None
    assert camera.distortion[0] == pytest.approx(BENT[0], abs=0.03)
    assert camera.error < 0.3
    assert camera.size == SIZE


def test_a_fisheye_is_found_again():
    camera = calibrate((view(seed, fisheye=FISHEYE) for seed in range(16)), corners=CORNERS, fisheye=True)
    assert camera.numbers == pytest.approx((400, 402, 245, 176), rel=0.01)
    assert camera.distortion is None
    assert camera.error < 0.3


def test_the_command_writes_what_intrinsics_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "board").mkdir()
    for seed in range(12):
        cv2.imwrite(str(tmp_path / "board" / f"{seed}.png"), view(seed))
    out = tmp_path / "camera.json"
    arguments = ["calibrate", str(tmp_path / "board"), "--corners", "7x5", "--out", str(out)]
    assert main(arguments) == 0
    assert "views, corners within 0." in capsys.readouterr().out
    camera = resolve_intrinsics(out, width=SIZE[0], height=SIZE[1])
    assert camera.fx == pytest.approx(400, rel=0.02)
    assert camera.distortion is not None
    assert json.loads(out.read_text())["rms_px"] < 0.3
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--overwrite", "--corners", "9by6"]) == 2


def test_too_few_views():
    with pytest.raises(DataError, match=r"9x6 inner corners is seen in 0 of 3 images, and 8 are the least"):
        calibrate((view(seed) for seed in range(3)), corners=(9, 6))
