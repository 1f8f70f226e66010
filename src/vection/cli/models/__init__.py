"""Commands that make or use models: train, predict, import, recipes, demo."""
