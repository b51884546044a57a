"""
What each Kubernetes release and feature gate does, as switches that the search reads.

The only place that compares versions.
"""
