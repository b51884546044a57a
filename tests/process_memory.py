"""The memory of another process."""

from __future__ import annotations

from pathlib import Path


def memory_mib(pid: int, line_of: str = "VmRSS") -> float:
    """Memory of the process that is in RAM now (Linux: VmRSS), or was at most (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{line_of}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {line_of}; this needs Linux")
