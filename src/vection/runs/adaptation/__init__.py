"""Trained runs on the videos of another camera or place: learned on, and kept only if held-out frames say so."""
