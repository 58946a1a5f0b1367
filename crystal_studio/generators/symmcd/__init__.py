"""SymmCD (Levy et al., ICLR 2025): diffusion of asymmetric units, space group first."""
