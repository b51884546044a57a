"""``explain``: the devices a pod would get on each node, and why, as a table or JSON."""
