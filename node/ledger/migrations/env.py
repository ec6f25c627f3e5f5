"""Alembic's entry: runs on the connection that `SqlLedger.migrate` hands over."""

from alembic import context

from node.ledger import commitment_tables, desk_tables, order_tables, schema

connection = context.config.attributes["connection"]
OTHERS = (commitment_tables.commitment_requests, desk_tables.letters, order_tables.orders)
assert all(table.metadata is schema.metadata for table in OTHERS)  # all tables are known
context.configure(connection=connection, target_metadata=schema.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
