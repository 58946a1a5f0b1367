"""MOFDiff (Fu et al., ICLR 2024): coarse-grained diffusion of metal-organic frameworks."""
