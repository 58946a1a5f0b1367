"""``crystal-studio generate``: one campaign, from request to judged candidates."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import campaign_document, common, run_campaign

SUMMARY = "generate candidates and judge them: one campaign into a project file, made if it is not there"
EXAMPLE = """crystal-studio generate battery.crystals --chemsys Li-Mn-O --mode subset --count 256 --seed 7
  crystal-studio generate battery.crystals --target formation_energy_per_atom=-2.5:-1.5 --target band_gap=1:2
  crystal-studio generate spinel.crystals --space-group 227 --template 8a,16d,32e --chemsys Li-Mn-O
  crystal-studio generate spinel.crystals --keep spinel.cif --keep-elements O --keep-lattice --add 2"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from crystal_studio.cli import request_arguments

    common.project_argument(parser)
    request_arguments.add(parser)
    parser.add_argument("--name", default="", help="what to call the campaign")
    run_campaign.arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign import runner
    from crystal_studio.cli import request_arguments

    request = request_arguments.request(args)
    campaign_id = runner.start(args.project, request, args.name)
    return run_campaign.run(args, campaign_id)


text = campaign_document.text
