"""What a claim could ask for, on how many nodes it would hold, and what it gets wrong."""
