"""
The frozen cluster: snapshots, what changes make of them, and each node with its pools, slices and usage.

Knows releases and topology; nothing here knows which pod is asking.
"""
