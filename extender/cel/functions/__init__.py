"""
The functions of the Kubernetes dialect: one module per extension, and the library that joins them.

Each declares its signatures and costs in the terms of ``cel.checking``, and computes with ``cel.values``.
"""
