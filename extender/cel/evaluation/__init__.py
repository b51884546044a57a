"""
A checked expression made into closures, and their cost as Kubernetes counts it.

Knows functions and values; nothing here parses or checks types.
"""
