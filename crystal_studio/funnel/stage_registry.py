"""The stages that this installation offers, by name."""

from __future__ import annotations

from typing import Any

from crystal_studio.errors import RequestError
from crystal_studio.registry import Registry


class StageError(RequestError):
    """A stage that is not there, is set to what it cannot be, or does not work in its place.

    ``stage`` names the one to change, ``option`` what is wrong of it ("": its place).
    """

    def __init__(self, message: str, stage: str = "", option: str = "") -> None:
        super().__init__(message, "funnel")
        self.stage, self.option = stage, option


STAGES: Registry[Any] = Registry(
    "stage",
    "crystal_studio.stages",
    {
        "geometry": "crystal_studio.funnel.geometry:GeometryStage",
        "composition": "crystal_studio.funnel.composition:CompositionStage",
        "symmetry": "crystal_studio.funnel.symmetry:SymmetryStage",
        "uniqueness": "crystal_studio.funnel.uniqueness:UniquenessStage",
        "novelty": "crystal_studio.funnel.novelty:NoveltyStage",
        "properties": "crystal_studio.funnel.properties:PropertiesStage",
        "targets": "crystal_studio.funnel.targets:TargetsStage",
        "triage": "crystal_studio.funnel.triage:TriageStage",
        "relaxation": "crystal_studio.funnel.relaxation:RelaxationStage",
        "stability": "crystal_studio.funnel.stability:StabilityStage",
        "targets_relaxed": "crystal_studio.funnel.targets:RelaxedTargetsStage",
        "free_relaxation": "crystal_studio.funnel.free_relaxation:FreeRelaxationStage",
        "phonons": "crystal_studio.funnel.phonons:PhononStage",
        "powder": "crystal_studio.funnel.powder:PowderStage",
        "mof_validity": "crystal_studio.funnel.mof_validity:MofValidityStage",
        "mof_uniqueness": "crystal_studio.funnel.mof_uniqueness:MofUniquenessStage",
        "mof_novelty": "crystal_studio.funnel.mof_novelty:MofNoveltyStage",
        "uff_relaxation": "crystal_studio.funnel.uff_relaxation:UffRelaxationStage",
        "mof_validity_relaxed": "crystal_studio.funnel.mof_validity:RelaxedMofValidityStage",
        "pores": "crystal_studio.funnel.pores:PoresStage",
        "co2_estimate": "crystal_studio.funnel.co2_estimate:Co2EstimateStage",
        "adsorption": "crystal_studio.funnel.adsorption:AdsorptionStage",
        "consensus": "crystal_studio.funnel.consensus:ConsensusStage",
    },
    StageError,
)
"""Classes of stages; called without arguments they make a stage with its usual limits. An entry point names one."""
