"""Rounds of training, campaign and check that make a model better at one request."""
