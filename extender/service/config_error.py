"""What is wrong with an option."""

from __future__ import annotations


class ConfigError(ValueError):
    """A setting that cannot be used; says which option, what is wrong, what to give."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"{option}: {message}")
        self.option = option
