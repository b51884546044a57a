"""
Which node a pending pod is nominated for, and in which order pods are.

One module per concept; nothing here knows how a nomination is written.
"""
