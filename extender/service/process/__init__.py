"""The process around the application: start, signals, TLS, following, the lag of the event loop."""
