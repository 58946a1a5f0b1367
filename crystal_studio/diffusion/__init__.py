"""Noise schedules, corruptions and samplers of diffusion models. Knows nothing of crystals."""
