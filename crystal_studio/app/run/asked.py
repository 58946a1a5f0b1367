"""What a campaign was asked for, in words."""

from __future__ import annotations

from html import escape

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.in_words import request_in_words
from crystal_studio.app.dft import asking, collecting
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.run.records import is_import
from crystal_studio.design import funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.project.rows import CampaignRow


def asked(row: CampaignRow | DesignRequest, catalogue: Catalogue) -> str:
    """Rich text, in the words of the Design page where crystals are generated; a campaign that is about to begin is
    known by its request alone."""
    if isinstance(row, DesignRequest):
        return request_in_words(row, catalogue)
    if is_import(row):
        return f"{plural(row.requested, 'structure')} from files"
    if row.kind == "judge":
        potential, dft = str(row.request.get("potential", "")), collecting.request_of(row)
        by = asking.in_words(dft) if dft is not None else funnel.title(row.request.get("funnel", ""))
        return escape("  ·  ".join(filter(None, (plural(row.requested, "stored candidate"), by, potential))))
    try:
        return request_in_words(DesignRequest.from_dict(dict(row.request)), catalogue)
    except RequestError:
        return f"{plural(row.requested, 'candidate')}, asked for in a way that this version cannot read."
