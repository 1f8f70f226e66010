"""Recipes of dynamo_depth: the rows of the paper's tables, at its settings."""

from vection.recipes.recipe import Recipe

RECIPES: tuple[Recipe, ...] = ()
