"""Runs the migrations inside the unit of work that `engine.storage.schema` opened; nothing here commits."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
