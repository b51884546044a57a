"""Nominates pending pods on a live cluster: which, when, and what becomes of it."""
