"""From a council's returns to the child-level tables. A source reports what it could not read; it never guesses."""
