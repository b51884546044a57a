"""``serve``: the options of the service, and the process made from them."""
