"""How figures are shown: number formats, axes and SVG charts, the same for the node and the coordinator."""
