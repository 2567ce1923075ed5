"""Version 1 of the area: the .proto file and the stubs generated from it."""
