"""
The structured allocator of kube-scheduler: which devices a pod is handed on one node, in which order.

Knows compiled claims and the frozen cluster. It does not know how devices are rated.
"""
