"""Calibration files as other programs write them, and calibration by a chessboard."""
