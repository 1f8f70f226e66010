"""Depth: encoders with decoders, whole networks, what two tasks share."""
