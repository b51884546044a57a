"""
The API server: credentials, connections, lists, bindings and Events.

The only package that knows the official client.
"""
