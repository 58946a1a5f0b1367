"""The programs for pores that this installation knows, by name."""

from __future__ import annotations

from crystal_studio.errors import RequestError
from crystal_studio.porosity.protocol import PoreProgram
from crystal_studio.registry import Registry

PROGRAMS: Registry[PoreProgram] = Registry(
    "program for pores", "crystal_studio.pore_programs", {"zeo++": "crystal_studio.porosity.zeo:ZEO"}, RequestError
)
