"""Symmetry, lattices, Wyckoff positions, neighbours and repair of crystals: arrays in, arrays out."""
