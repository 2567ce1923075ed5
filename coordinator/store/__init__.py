"""The coordinator's storage: SQLAlchemy Core over SQLite. State lives here and nowhere else."""
