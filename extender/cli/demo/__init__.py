"""``demo``: where recorded pods landed, and where they could have, as a table or JSON."""
