"""What stands and moves in the synthetic street, drawn from a seed."""
