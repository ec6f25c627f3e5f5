"""Alembic's entry: runs on the connection that `SqlLedger.migrate` hands over."""

from alembic import context

from node.ledger.order_tables import orders

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=orders.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
