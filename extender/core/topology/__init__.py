"""
Where devices are: what drivers publish, what follows from it, and the distance of two devices.

A slice goes through ``vocabulary`` (which attribute means what), ``published`` (what one device
publishes), ``locate`` (what follows for the devices of a node) and ``locations`` (how far apart).

Knows ``model`` only, and never raises for what a driver publishes.
"""
