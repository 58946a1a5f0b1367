"""CHGNet 0.3.0 evaluated on quotient graphs: one atom of each orbit."""
