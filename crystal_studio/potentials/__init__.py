"""Machine-learned interatomic potentials behind one protocol, relaxation with symmetry, and vibrations."""
