"""Metal-organic frameworks: bonds, building blocks, assembly, validity, identity, relaxation by UFF, charges, pores
and adsorption."""
