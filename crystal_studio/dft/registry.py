"""The DFT codes that this installation knows."""

from __future__ import annotations

from crystal_studio.dft.protocol import Code
from crystal_studio.registry import Registry

CODES: Registry[Code] = Registry(
    "DFT code",
    "crystal_studio.dft_codes",
    {
        "gpaw": "crystal_studio.dft.gpaw:GPAW",
        "vasp": "crystal_studio.dft.vasp:VASP",
        "qe": "crystal_studio.dft.quantum_espresso:QUANTUM_ESPRESSO",
    },
)
