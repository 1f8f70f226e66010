"""Predicted maps by the name of their image, from any program's files or from memory."""
