"""Planning a collection: what it will cost, how its noise is best spent, and how far off the figures will be."""
