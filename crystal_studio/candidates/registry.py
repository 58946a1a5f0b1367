"""The quantities that this installation knows: the built-in ones and those of installed extensions."""

from __future__ import annotations

from crystal_studio.candidates.framework_quantities import FRAMEWORKS
from crystal_studio.candidates.quantities import COUNT, FLAG, LABEL, Quantity
from crystal_studio.errors import KnownError
from crystal_studio.registry import Registry

BUILT_IN = (
    Quantity("formula", "Formula", kind=LABEL, description="Reduced formula", stored="column"),
    Quantity(
        "chemsys",
        "Chemical system",
        "System",
        kind=LABEL,
        description="Elements, in order",
        stored="column",
        shown=False,
    ),
    *FRAMEWORKS,
    Quantity(
        "space_group",
        "Space group",
        kind=COUNT,
        description="Space group that it has, 0.1 Å tolerance",
        stored="column",
    ),
    Quantity(
        "asked_space_group",
        "Asked group",
        kind=COUNT,
        description="Space group that the request asked for",
        stored="column",
        shown=False,
    ),
    Quantity(
        "n_atoms",
        "Atoms",
        kind=COUNT,
        description="Atoms in the cell, the conventional one where its group is known",
        stored="column",
    ),
    Quantity(
        "n_orbits", "Orbits", kind=COUNT, description="Orbits of the asymmetric unit", stored="column", shown=False
    ),
    Quantity(
        "e_hull",
        "Energy above hull",
        "E<sub>hull</sub>",
        "eV/atom",
        better="low",
        bounded_by="stopped",
        description="Energy above the hull of the reference phases; below 0 it is lower than all of them",
        learned=True,
    ),
    Quantity(
        "formation_energy",
        "Formation energy",
        "E<sub>form</sub>",
        "eV/atom",
        better="low",
        bounded_by="stopped",
        description="Energy of formation from the elements",
        learned=True,
    ),
    Quantity(
        "energy_per_atom",
        "Energy",
        "E",
        "eV/atom",
        ".4f",
        better="low",
        bounded_by="stopped",
        description="Energy of the relaxed structure; compare it within one method only",
        shown=False,
    ),
    Quantity(
        "weaknesses",
        "Weak points",
        kind=LABEL,
        description="What makes its energy above hull less sure than others: what the potential is known to be weak at",
        shown=False,
    ),
    Quantity(
        "e_hull_spread",
        "Spread of energy above hull",
        "ΔE<sub>hull</sub>",
        "eV/atom",
        better="low",
        description="Highest less lowest energy above hull by the potentials that were asked",
        shown=False,
    ),
    Quantity(
        "structures_agree",
        "Structures agree",
        kind=FLAG,
        description="Whether every potential that was asked relaxes to the same crystal",
        shown=False,
    ),
    Quantity(
        "verdicts_agree",
        "Verdicts agree",
        kind=FLAG,
        description="Whether every potential that was asked puts it below the cutoff of the consensus",
        shown=False,
    ),
    Quantity(
        "symmetry_gain",
        "Gain without symmetry",
        "ΔE<sub>free</sub>",
        "eV/atom",
        better="low",
        description="By how much the energy falls when the crystal is shaken and relaxed without symmetry",
        shown=False,
    ),
    Quantity(
        "symmetry_holds",
        "Symmetry holds",
        kind=FLAG,
        description="Whether it keeps its space group when it is shaken and relaxed without symmetry",
        shown=False,
    ),
    Quantity(
        "free_space_group",
        "Space group without symmetry",
        kind=COUNT,
        description="Space group after the relaxation without symmetry, 0.1 Å tolerance",
        shown=False,
    ),
    Quantity(
        "lowest_frequency",
        "Lowest frequency",
        "f<sub>min</sub>",
        "THz",
        ".2f",
        better="high",
        description="Of the vibrations at the zone centre and the wave vectors of a supercell; negative: imaginary",
        shown=False,
    ),
    Quantity(
        "dynamically_stable",
        "Dynamically stable",
        kind=FLAG,
        description="Whether no vibration carries it away",
        shown=False,
    ),
    Quantity(
        "powder_agreement",
        "Agreement with the measured pattern",
        "A<sub>XRD</sub>",
        format=".3f",
        better="high",
        description="Cosine of its powder pattern and the measured one, its cell stretched to fit; 1 for the same",
        shown=False,
    ),
    Quantity(
        "powder_stretch",
        "Stretch to the measured pattern",
        "ε<sub>XRD</sub>",
        format=".3f",
        description="Largest relative change of a length of its cell that fits the measured pattern best",
        shown=False,
    ),
    Quantity("band_gap", "Band gap", "E<sub>g</sub>", "eV", ".2f", description="Band gap (PBE)", learned=True),
    Quantity(
        "volume",
        "Volume",
        "",
        "Å³",
        ".1f",
        description="Volume of the conventional cell",
        stored="column",
        shown=False,
    ),
    Quantity(
        "volume_per_atom", "Volume per atom", "V/atom", "Å³", ".1f", description="Volume an atom", stored="column"
    ),
    Quantity("density", "Density", "", "g/cm³", ".2f", description="Mass density", stored="column"),
    Quantity(
        "probability_metal",
        "Chance of a metal",
        "P<sub>metal</sub>",
        format=".2f",
        description="Chance of no band gap",
        shown=False,
    ),
    Quantity(
        "target_chance",
        "Chance of the targets",
        "P<sub>target</sub>",
        format=".2f",
        better="high",
        description="Chance that it has the properties asked for, as predicted before it is relaxed",
        shown=False,
    ),
    Quantity(
        "targets_met",
        "Targets met",
        kind=FLAG,
        description="Whether the relaxed crystal has the properties asked for",
        shown=False,
    ),
    Quantity(
        "chance_stable",
        "Chance of stability",
        "P<sub>stable</sub>",
        format=".2f",
        better="high",
        description="Chance that it lies near the hull once relaxed, as predicted before",
        shown=False,
    ),
    Quantity(
        "random_share",
        "In the random share",
        kind=FLAG,
        description="Whether a lot let it go on whatever was expected of it",
        shown=False,
    ),
    Quantity(
        "among_best",
        "Among the best",
        kind=FLAG,
        description="Whether it was promising enough to be relaxed",
        shown=False,
    ),
    Quantity(
        "in_domain",
        "In the domain",
        kind=FLAG,
        description="Whether the training data say something about such a crystal",
        shown=False,
    ),
    Quantity("novel", "Novel", kind=FLAG, description="Whether it is missing among the known structures"),
    Quantity("nearest_known", "Nearest known", kind=LABEL, description="Most similar structure of the reference set"),
    Quantity(
        "nearest_distance",
        "Distance to known",
        "d<sub>known</sub>",
        description="Fingerprint distance to the nearest known structure, in mean atomic spacings",
        shown=False,
    ),
    Quantity(
        "min_distance",
        "Shortest distance",
        "d<sub>min</sub>",
        "Å",
        ".2f",
        description="Between any two atoms",
        shown=False,
    ),
    Quantity(
        "min_radius_ratio",
        "Shortest contact",
        "r<sub>min</sub>",
        format=".2f",
        description="Shortest distance over the sum of covalent radii",
        shown=False,
    ),
    Quantity(
        "volume_change",
        "Volume change",
        "V/V<sub>0</sub>",
        format=".3f",
        description="Relaxed over generated volume",
        shown=False,
    ),
    Quantity(
        "relaxation_steps", "Relaxation steps", kind=COUNT, description="Evaluations of the potential", shown=False
    ),
    Quantity(
        "converged", "Converged", kind=FLAG, description="Whether forces and stress fell below the limit", shown=False
    ),
    Quantity(
        "stopped",
        "Stopped",
        kind=FLAG,
        description="Whether the relaxation was left, far above the hull: its energy is an upper bound",
        shown=False,
    ),
)


EXTENSIONS: Registry[Quantity] = Registry("quantity", "crystal_studio.quantities", {})
"""Those that other packages add."""


def quantities() -> dict[str, Quantity]:
    """Every quantity by name, the built-in ones first, in the order in which they are shown."""
    found = {q.name: q for q in BUILT_IN}
    for added in EXTENSIONS.all().values():
        found.setdefault(added.name, added)
    return found


def quantity(name: str) -> Quantity:
    """One quantity; raises ``KnownError`` that lists the names."""
    known = quantities()
    if name not in known:
        raise KnownError(f"There is no quantity {name!r}: use one of {', '.join(known)}.")
    return known[name]
