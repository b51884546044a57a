"""
The web application: verbs, pages, probes and the webhook, from request bytes to answer bytes.
"""
