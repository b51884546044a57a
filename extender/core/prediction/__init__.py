"""
A node judged for a pod: the search's result, rated, ranked, named and remembered.

``evaluate`` is the façade that the service and the commands call.
"""
