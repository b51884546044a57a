"""
The values of CEL and their rules: arithmetic, comparison, text forms, quantities, versions, times.

Knows ``model.quantity`` and the errors of CEL, and nothing of expressions.
"""
