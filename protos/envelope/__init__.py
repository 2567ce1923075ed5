"""Wire messages of this area."""
