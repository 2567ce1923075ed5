"""A second opinion on every figure: the indicators reference, sections 5 and 6, read into plain Python.

It shares no code with the product: the csv module and xml.etree instead of the sources, dataclasses instead of
tables, loops instead of SQL. Where it and the product differ, one of them has misread the reference.
"""
