"""The node's half of the secure aggregation protocol: rules without a wire, clock and randomness passed in."""
