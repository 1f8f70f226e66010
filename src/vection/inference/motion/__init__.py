"""Motion of predictions: where it comes from, how it is measured in the frames, what a camera sees of it."""
