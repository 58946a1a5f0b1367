"""The families of models that can be trained."""

from __future__ import annotations

from crystal_studio.design.forms import form
from crystal_studio.errors import RequestError
from crystal_studio.registry import Registry
from crystal_studio.training.family import TrainingFamily

families: Registry[TrainingFamily] = Registry(
    "model to train",
    "crystal_studio.training",
    {
        "symmcd": "crystal_studio.training.symmcd_family:FAMILY",
        "adaptive-cell": "crystal_studio.training.adaptive_cell_family:FAMILY",
        "mofdiff": "crystal_studio.training.mofdiff_family:FAMILY",
        "properties": "crystal_studio.training.properties_family:FAMILY",
        "triage": "crystal_studio.training.triage_family:FAMILY",
        "mofdiff-blocks": "crystal_studio.training.mofdiff_blocks_family:FAMILY",
    },
    RequestError,
    check=lambda family: form(family.options),
)
