"""
Following one kind of object: list, watch, and the typed changes that come of them.

Knows ``decode`` and a connection; where changes go is a sink's matter.
"""
