"""``probe``: print the facts of the machine that it runs on."""
