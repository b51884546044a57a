"""
Types, overloads, what calls cost, and what Kubernetes checks of an expression before it accepts it.

Works on the tree of ``cel.syntax``, knows the declared functions by signature, and never evaluates.
"""
