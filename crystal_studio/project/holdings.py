"""What a project has values of: which columns and axes there is something to show in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, literal_column, select

from crystal_studio.project.rows import BLOCKS, PREFIX
from crystal_studio.project.schema import HEADLINE, PREDICTED, campaigns, candidates, parts, quantities, quantity_names

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


def holdings(reader: ProjectReader) -> frozenset[str]:
    """Names of the quantities that some candidate has a headline value of, ``predicted_<name>`` where it is learned;
    ``space_group`` where the group of one is known; ``BLOCKS``. Whatever the size of the project, indexes answer."""
    found: set[str] = set()
    for mark, prefix in ((HEADLINE, ""), (PREDICTED, PREFIX)):
        # A literal, so that SQLite sees that the partial index answers.
        one = select(quantities.c.candidate).where(
            quantities.c.quantity == quantity_names.c.id, quantities.c.headline == literal_column(str(mark))
        )
        found |= {prefix + name for (name,) in reader.select(select(quantity_names.c.name).where(one.exists()))}
    if reader.select(select(candidates.c.id).where(candidates.c.space_group > 0).limit(1)):
        found.add("space_group")
    first = (
        select(candidates.c.id)
        .where(candidates.c.campaign_id == campaigns.c.id)
        .order_by(candidates.c.number)
        .limit(1)
        .scalar_subquery()
    )
    stated = select(parts.c.id).join(campaigns, and_(parts.c.candidate_id == first, parts.c.kind == "blocks"))
    if reader.select(stated.limit(1)):
        found.add(BLOCKS)
    return frozenset(found)
