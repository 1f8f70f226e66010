"""The ray tracer of the synthetic street: from a scene to pixels and their exact truth."""
