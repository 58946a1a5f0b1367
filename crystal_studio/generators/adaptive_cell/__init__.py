"""The adaptive-cell score model (Sultanov et al.): sites and cell of a given composition are denoised together."""
