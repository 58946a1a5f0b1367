"""Learned properties of crystals with calibrated uncertainty: relaxed ones, and what relaxation will make of
generated ones."""
