"""The training loop, and what each family of models brings to it."""
