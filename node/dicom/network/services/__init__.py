"""The DIMSE services that this node provides: one module per service class, each a `Provider` (see `provider`)."""
