"""Recipes for ``rsi fit --config``: one per task, prior and ablation."""
