"""
Where devices are: what drivers publish, what follows from it, and the distance of two devices.

Knows ``model`` only, and never raises for what a driver publishes.
"""
