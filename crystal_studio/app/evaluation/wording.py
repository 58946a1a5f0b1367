"""The figures of an evaluation as a reader wants them: their names, what they mean, their values as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crystal_studio.app.numbers_text import MISSING, count, figure
from crystal_studio.evaluation.headings import HEADINGS

OTHER = "Further figures"
# name: (title, what it means). Ends such as a threshold are added to the title.
MEANINGS = {
    "structural_validity": ("Structural validity", "No two atoms closer than 0.5 Å; volume and edges are sane"),
    "structural_validity_images": ("… with periodic images", "The same, an atom's own periodic images counted"),
    "physical_validity": ("Physical validity", "Distances as in real crystals: at least 0.6 of the covalent radii"),
    "compositional_validity": ("Compositional validity", "Charges balance (SMACT); about 90% of known crystals pass"),
    "validity": ("Validity", "Structural and compositional validity together, as published"),
    "density_distance": ("Density", "How far the distribution of densities is from the reference; 0: alike"),
    "element_count_distance": ("Number of elements", "The same of the number of elements a crystal"),
    "formation_energy_distance": ("Formation energy", "The same of the formation energy per atom"),
    "space_group_distance": ("Space groups", "The same of the space groups, from 0 (alike) to 0.83 (disjoint)"),
    "p1": ("In P1", "Crystals without any symmetry; few are natural"),
    "p1_reference": ("In P1, reference", "The share among the reference"),
    "no_group": ("No group found", "Crystals too distorted for a space group to be found"),
    "symmetry_kept": ("Group kept", "Crystals with exactly the space group they were made for"),
    "symmetry_raised": ("Group raised", "Crystals with a supergroup of it"),
    "templates_unique": ("Unique templates", "Different sets of Wyckoff positions, a measure of variety"),
    "templates_unique_distinct": ("… up to origin and axes", "The same, equivalent descriptions counted once"),
    "templates_new": ("New templates", "Templates that no crystal of the training set has"),
    "templates_new_distinct": ("… new up to origin and axes", "The same, equivalent descriptions counted once"),
    "templates_in_train": ("Templates of the training set", "Share of the unique templates that it has"),
    "templates_in_train_distinct": ("… up to origin and axes", "The same, equivalent descriptions counted once"),
    "cov_recall": ("COV-R", "Share of the reference that has something generated near it: nothing is missed"),
    "cov_precision": ("COV-P", "Share of the generated that has a reference crystal near it: nothing is odd"),
    "cov_recall_same": ("… one crystal near in both", "COV-R where one crystal has to be near in both fingerprints"),
    "cov_precision_same": ("… one crystal near in both", "COV-P where one crystal has to be near in both"),
    "structure_distance": ("Structure distance", "Mean distance of structure fingerprints to the nearest crystal"),
    "composition_distance": ("Composition distance", "Mean distance of composition fingerprints to the nearest"),
    "frechet_crystalnn": ("Fréchet distance", "Distance of the clouds of structure fingerprints; 0: alike"),
    "frechet_chgnet": ("… of a network's features", "The same of what the potential CHGNet knows of the crystals"),
    "unique": ("Unique", "Crystals that are not the same as an earlier one of the set"),
    "novel_train": ("Novel", "Crystals that the training set does not have"),
    "novel_index": ("Novel, shipped index", "Crystals unlike all known structures of the shipped index"),
    "unique_novel_train": ("Unique and novel", "Both: what the model really invents"),
    "unique_novel_index": ("Unique and novel, shipped index", "Both, against the shipped index"),
    "relaxed": ("Relaxed", "Crystals whose relaxation ended with an energy"),
    "converged": ("Converged", "Crystals whose forces became small enough"),
    "volume_change": (
        "Volume change",
        "Median relative change of volume: small where crystals were near their minimum",
    ),
    "e_hull_mean": ("Energy above hull, mean", "After relaxation, over those on which the hull says something"),
    "e_hull_median": ("Energy above hull, median", "The same, half lie below"),
    "stable": ("Stable within", "Energy above the hull at most so many eV/atom after relaxation"),
    "sun": ("S.U.N. within", "Stable within so many eV/atom, unique and novel: the figure that counts"),
    "sun_index": ("S.U.N. within, shipped index", "The same with novelty against the shipped index"),
}


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``how`` says set, tolerance and method."""

    title: str
    value: str
    interval: str
    meaning: str
    how: str


def figures(document: dict[str, Any]) -> Iterator[tuple[str, list[Figure]]]:
    """The figures under their headings."""
    left = dict(document["metrics"])
    for heading, prefixes in HEADINGS:
        names = [name for name in left if name.startswith(prefixes)]
        if names:
            yield heading, [of_metric(name, left.pop(name)) for name in names]
    if left:
        yield OTHER, [of_metric(name, entry) for name, entry in left.items()]


def of_metric(name: str, entry: dict[str, Any]) -> Figure:
    """One figure of the report."""
    known = max((k for k in MEANINGS if name == k or name.startswith(f"{k}_")), key=len, default="")
    title, meaning = MEANINGS.get(known, (name.replace("_", " ").capitalize(), ""))
    end = name[len(known) + 1 :].replace("_", " ") if known else ""
    if end:
        unit = " eV/atom" if known in ("stable", "sun", "sun_index") else " Å" if known.startswith("symmetry") else ""
        title = f"{title} {end}{unit}" if unit != " Å" else f"{title}, {end} Å"
    return Figure(title, value_text(entry), interval_text(entry), meaning, str(entry.get("note", "")))


def value_text(entry: dict[str, Any]) -> str:
    """A share as percentage with its numbers, a count, or a value with its unit."""
    value = entry.get("value")
    if value is None:
        return MISSING
    if "per_10000" in entry:
        return f"{count(value)}  ({entry['per_10000']:,.0f} per 10,000)"
    if "of" in entry:
        numbers = f"  ({count(entry['count'])} of {count(entry['of'])})" if "count" in entry else ""
        return f"{value:.1%}{numbers}"
    return figure(float(value), 4, str(entry.get("unit", "")).replace("cm3", "cm³"))


def interval_text(entry: dict[str, Any]) -> str:
    """The 95% interval of a share."""
    interval = entry.get("interval")
    return f"{interval[0]:.1%} to {interval[1]:.1%}" if interval and entry.get("value") is not None else ""


def remarks(document: dict[str, Any]) -> list[str]:
    """What has to be known beside the figures."""
    made = document["generated"]
    lines = [f"{made['name']}: {count(made['entries'])} entries, {count(made['read'])} crystals."]
    for role, word in (("reference", "Compared with"), ("train", "Training set")):
        if document.get(role):
            lines.append(f"{word}: {document[role]['name']}, {count(document[role]['read'])} crystals.")
    # The options of the command line are named by their fields here.
    lines += [str(note).replace("No --reference:", "No set to compare with:") for note in document["notes"]]
    if document["interrupted"]:
        lines.append(f"Cancelled during “{document['interrupted']}”: what comes after it is missing.")
    return lines


def as_text(document: dict[str, Any]) -> str:
    """The whole table as tab-separated text with headings."""
    lines = remarks(document)
    for heading, rows in figures(document):
        lines += ["", heading]
        lines += ["\t".join((f.title, f.value, f.interval, f.meaning, f.how)) for f in rows]
    return "\n".join(lines) + "\n"
