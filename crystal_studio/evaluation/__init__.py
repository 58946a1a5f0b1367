"""The published metrics of a generated set: validity, coverage, distances of distributions, novelty, stability."""
