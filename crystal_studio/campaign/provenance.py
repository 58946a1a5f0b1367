"""What has to be known to make the same candidates again."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import crystal_studio
from crystal_studio.funnel import stage_options

if TYPE_CHECKING:
    from crystal_studio.campaign.devices import Device
    from crystal_studio.design.request import DesignRequest
    from crystal_studio.funnel.protocol import Stage
    from crystal_studio.generators.protocol import ModelCard

# What is recorded when a campaign begins is looked for with imports of its own: what stands there is read without.

PACKAGES = ("torch", "numpy", "scipy", "spglib", "moyopy", "pymatgen", "smact", "chgnet", "ase")


def versions() -> dict[str, str]:
    """Versions of the program and of the packages that decide its results; "" where one is not installed."""
    return {"crystal-studio": crystal_studio.__version__, "python": platform.python_version()} | {
        name: _version(name) for name in PACKAGES
    }


def provenance(request: DesignRequest, card: ModelCard, device: Device) -> dict[str, Any]:
    """Versions, weights, seed and machine of one campaign, fit for JSON."""
    seeded = {"model": card.name, "model_sha256": card.sha256, "sampler": card.revision, "seed": request.seed}
    return seeded | machine(device)


def of_another_sampler(recorded: Mapping[str, Any], card: ModelCard) -> str:
    """What to say of a campaign that another revision of the sampler began; "" where it is the same."""
    if int(recorded.get("sampler", 1)) == card.revision:
        return ""
    return (
        f"The sampler of {card.name} has changed since this campaign began: candidates that are still to be made are "
        "not those that the earlier version would have made."
    )


def machine(device: Device) -> dict[str, Any]:
    """Versions, machine and the user's reference sets with their checksums, fit for JSON."""
    from crystal_studio.data import reference_sets

    return {
        "versions": versions(),
        "device": device.name,
        "device_title": device.title,
        "platform": f"{platform.system()} {platform.machine()}",
        "reference_sets": reference_sets.checksums(),
    }


def of_stages(stages: Sequence[Stage]) -> dict[str, Any]:
    """The stages of a run in their order: which version of each, whether it rejects, and all its options."""
    return {
        "stages": [
            {
                "stage": stage.name,
                "version": stage.version,
                "rejects": bool(stage.rejects and stage.reasons),
                "options": stage_options.values(stage),
            }
            for stage in stages
        ]
    }


def stages_by_name(recorded: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The stages that the provenance of a campaign holds; none of one that an earlier program began."""
    return {str(stage["stage"]): stage for stage in recorded.get("stages", ())}


def changes(recorded: Mapping[str, Any], stages: Sequence[Stage]) -> list[str]:
    """A sentence for each stage that is not what it was when a campaign with this provenance began.

    Nothing is said of campaigns of earlier programs, which kept no such record.
    """
    if "stages" not in recorded:
        return []
    before = stages_by_name(recorded)
    sentences = []
    for now in of_stages(stages)["stages"]:
        was = before.pop(now["stage"], None)
        if was is None:
            differs = ["was no part of it"]
        elif was["version"] != now["version"]:
            differs = [f"was of version {was['version']}, now it is of version {now['version']}"]
        else:
            differs = [f"had {_said(was, name)}, now it has {_said(now, name)}" for name in _differing(was, now)]
        sentences += [_sentence(now["stage"], text) for text in differs]
    return sentences + [_sentence(name, "is no part of it any more") for name in before]


def _sentence(stage: str, differs: str) -> str:
    return (
        f"The stage {stage} {differs}: what it says from now on may differ from what it said before. For one measure"
        " for all, judge the candidates anew."
    )


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*was["options"], *now["options"]])
    changed = [name for name in names if was["options"].get(name) != now["options"].get(name)]
    return changed + (["rejects"] if was["rejects"] != now["rejects"] else [])


def _said(one: Mapping[str, Any], name: str) -> str:
    if name == "rejects":
        return "reasons that reject" if one["rejects"] else "reasons that only mark"
    return f"{name} = {one['options'].get(name, 'nothing')}"


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
