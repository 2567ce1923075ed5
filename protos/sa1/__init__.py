"""The secure aggregation protocol, version 1: what both ends must agree on to the byte, as pure functions."""
