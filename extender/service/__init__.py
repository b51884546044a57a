"""
The extender as a service: the scheduler's protocol over HTTP, metrics, logs.

Edges only: bytes are parsed, ``core.prediction`` answers, the answer is
serialised. Nothing here decides about devices.
"""
