"""Layouts: the streets, roads and gardens that a drive leads through, and the choice among them."""
