"""Alembic's entry: the program hands in a connection, there is no configuration file."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table="revision",
    version_table_schema="app",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
