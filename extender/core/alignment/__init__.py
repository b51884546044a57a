"""
How near the devices of a pod are to each other: pairs, what a distance is worth, and bounds.

Knows ``topology`` only: no claims, no nodes, no search.
"""
