"""``audit``: what running pods lose to distance, as a table, JSON or a page with drawings."""
