"""
The pure core: values in, values out.

Nothing here knows asyncio, HTTP, files, clocks, randomness, logging or metrics, and of the extender's
other packages only ``cel`` and ``model`` are imported. import-linter enforces both (see
``pyproject.toml``).
"""
