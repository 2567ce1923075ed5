"""A second opinion on every figure: the indicators reference, sections 3.3 and 5 to 8, read into plain Python.

It shares no code with the product: the csv module and xml.etree instead of the sources, dataclasses instead of
tables, loops instead of SQL. Where it and the product differ, one of them has misread the reference.
"""
