"""What every adapter of a protocol must pass: shapes, dtypes, units, determinism, empty batches and absurd cells.

For packages that bring a stage, a potential or a property model of their own. Each module has ``CHECKS``, functions of
the adapter that raise ``NotConforming`` with one sentence, and a function that runs them all:

    from crystal_studio.conformance.potentials import check_potential
    check_potential(MyPotential)
"""
