"""Motion: of the camera, of every pixel, and block matching as its start."""
