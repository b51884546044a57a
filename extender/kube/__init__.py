"""
What Kubernetes' API says, as core values: objects, dumps, recordings, the live server.

Nothing here decides about devices; ``extender.core`` does, on the values made here.
"""
