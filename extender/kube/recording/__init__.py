"""
Recordings: lines of attempts and of what changed between them, read and written.

Knows ``decode`` and ``encode``; no clock, no thread.
"""
