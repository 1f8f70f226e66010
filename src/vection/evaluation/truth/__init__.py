"""Ground truth by the name of its image, from any data set's files or from memory."""
