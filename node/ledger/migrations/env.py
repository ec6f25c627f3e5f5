"""Alembic's entry: runs on the connection that `SqlLedger.migrate` hands over."""

from alembic import context

from node.ledger import desk_tables, order_tables, schema

connection = context.config.attributes["connection"]
assert desk_tables.letters.metadata is order_tables.orders.metadata is schema.metadata  # all tables are known
context.configure(connection=connection, target_metadata=schema.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
