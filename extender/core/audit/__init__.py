"""How near the devices of running pods are, how near they could be, and what that costs."""
