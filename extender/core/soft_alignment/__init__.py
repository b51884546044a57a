"""Claims rewritten so that the stock allocator tries aligned devices first and any others then."""
