"""The cost and partition model behind docs/scale.md."""
