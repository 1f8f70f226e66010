"""What moves and which class it has, against the truth."""
