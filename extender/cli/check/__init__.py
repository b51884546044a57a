"""``check``: which distances are known on the nodes of a cluster, and what to do about the others."""
