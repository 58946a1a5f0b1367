"""Files in and out: crystals of CIF, POSCAR, extended XYZ and ASE databases, and the formats of an export."""
