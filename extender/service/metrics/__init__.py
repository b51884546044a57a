"""The metrics: one table of what there is, and the objects that count."""
