"""What ``serve --record`` keeps of each attempt, and the thread that writes it."""
