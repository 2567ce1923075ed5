"""The Standard Safeguarding Dataset (SSD) in a council's warehouse, as a source of the child-level tables."""
