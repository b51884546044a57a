"""``bench``: latency and memory of the service on generated fleets, next to an echo service."""
