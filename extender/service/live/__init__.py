"""
A followed cluster: the store, allocations assumed meanwhile, and whether predictions came true.
"""
