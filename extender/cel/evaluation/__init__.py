"""
A checked expression made into closures, which run once per device, and their cost as Kubernetes counts it.

Gets functions and overloads from ``cel.checking``; nothing here parses, declares or checks types.
"""
