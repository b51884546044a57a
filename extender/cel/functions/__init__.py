"""
The functions of the Kubernetes dialect: one module per extension, and the library that joins them.

Each declares its signatures and works on ``cel.values`` alone.
"""
