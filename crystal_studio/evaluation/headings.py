"""How the figures of a report are grouped, in the window and on the command line."""

HEADINGS = (
    ("Validity", ("structural_validity", "physical_validity", "compositional_validity", "validity")),
    ("Distances from the reference", ("density", "element_count", "formation_energy", "space_group")),
    ("Symmetry", ("p1", "no_group", "symmetry")),
    ("Templates", ("templates",)),
    ("Coverage of the reference", ("cov_", "structure_distance", "composition_distance", "frechet")),
    ("Unique and novel", ("unique", "novel")),
    ("Relaxation and stability", ("relaxed", "converged", "volume_change", "e_hull", "stable", "sun")),
)
"""(heading, beginnings of the names of its figures)."""
