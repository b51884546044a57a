"""
The pure core: values in, values out.

Nothing here knows asyncio, HTTP, files, clocks, randomness, logging or metrics,
and nothing here imports another package of the extender. import-linter
enforces both (see ``pyproject.toml``).
"""
