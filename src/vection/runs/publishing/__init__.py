"""A trained model for others: weights, settings and a card, without anything of the machine that made them."""
