"""What has to be known to make the same candidates again."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import crystal_studio
from crystal_studio.campaign.devices import Device
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.protocol import ModelCard

PACKAGES = ("torch", "numpy", "scipy", "spglib", "moyopy", "pymatgen", "smact", "chgnet", "ase")


def versions() -> dict[str, str]:
    """Versions of the program and of the packages that decide its results; "" where one is not installed."""
    return {"crystal-studio": crystal_studio.__version__, "python": platform.python_version()} | {
        name: _version(name) for name in PACKAGES
    }


def provenance(request: DesignRequest, card: ModelCard, device: Device) -> dict[str, Any]:
    """Versions, weights, seed and machine of one campaign, fit for JSON."""
    return {"model": card.name, "model_sha256": card.sha256, "seed": request.seed} | machine(device)


def machine(device: Device) -> dict[str, Any]:
    """Versions and machine, fit for JSON."""
    return {
        "versions": versions(),
        "device": device.name,
        "device_title": device.title,
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
