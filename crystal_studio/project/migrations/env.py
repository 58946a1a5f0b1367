"""Alembic's entry point: the connection and its transaction come from the caller."""

from alembic import context

from crystal_studio.project.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making a new one
)
context.run_migrations()
