"""
What Kubernetes' API says, as core values: objects, dumps, recordings, the live server; and
the bindings and Events that we write to it.

Nothing here decides about devices; ``extender.core`` does, on the values made here.
"""
