"""
What a pod asks for: its claims, those made up for extended resources, and claims compiled for a search.

Knows the frozen cluster and CEL; nothing here looks at a node.
"""
