"""A family of another package, as an entry point brings it: boxes, without weights, groups or targets."""

from __future__ import annotations

from typing import Literal

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.generators.family import Capabilities, Feasibility
from crystal_studio.generators.protocol import ModelCard


class BoxOptions(Options):
    edge: float = declare(9.0, "Edge", "edge of the box", unit="Å", low=1, high=50, metavar="L")
    warm: bool = declare(False, "Warm", "start warm")
    steps: int = declare(7, "Steps", "steps of settling", low=1, metavar="N")
    sampler: Literal["slow", "slower"] = declare("slow", "Sampler", "how")


class BoxFamily:
    name, title, options = "boxes", "Boxes", BoxOptions
    capabilities = Capabilities(modes=("exact", "subset"), needs=("chemical_system",))

    def check(self, request):
        if BoxOptions.of(request).edge > 40 and request.count > 9:
            raise RequestError("Large boxes are made nine at a time: ask for fewer.", "count")

    def look(self, request, stop):
        return Feasibility()

    def cards(self):
        return (ModelCard("toy-boxes", "boxes", "Toy boxes", "MIT", {}, {}, 0, "", (1, 6, 8)),)

    def load(self, folder, card, device):
        raise NotImplementedError


FAMILY = BoxFamily()
