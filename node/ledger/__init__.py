"""What is true, in SQL: one SQLAlchemy Core implementation for SQLite and PostgreSQL."""
