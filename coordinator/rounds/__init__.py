"""The coordinator's half of the secure aggregation protocol: rules without a database or a wire, clock passed in."""
