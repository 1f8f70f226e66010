"""What brings runs into metres."""
