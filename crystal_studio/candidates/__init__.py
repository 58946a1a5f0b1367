"""What every room passes on: batches of candidates, quantities, methods, verdicts with their reasons, Pareto fronts."""
