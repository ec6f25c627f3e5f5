"""Pure decisions: it answers questions and does nothing."""
