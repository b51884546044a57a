"""``replay``: a recording answered again, and how far predictions agree with it."""
