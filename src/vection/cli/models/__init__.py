"""Commands that make or use models: train, adapt, predict, import, recipes, demo."""
