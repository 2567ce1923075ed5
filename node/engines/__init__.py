"""Engines that run the definitions over the child-level tables, inside the council."""
