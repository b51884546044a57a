"""
Files that users write or dump: clusters, claims, a site's drivers and worths, as values.
"""
