"""The motion of two frames from tracked corners, or the reason why there is none."""
