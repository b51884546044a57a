"""``advise``: what a claim could ask for and what it gets wrong, as a table, JSON or manifests."""
