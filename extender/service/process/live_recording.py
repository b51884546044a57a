"""The recording of a live service: what follows requests and changes, and writes attempts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from extender.kube.recording.file import RecordingFile
from extender.kube.recording.state import RecordingState

from ..recording.recorder import Recorder
from ..recording.thread import Recorded, RecordingThread

if TYPE_CHECKING:
    from ..config import RecordingSettings
    from ..live.store import LiveStore
    from ..metrics.metrics import Metrics

MIB = 1024 * 1024


@asynccontextmanager
async def recording(
    config: RecordingSettings,
    store: LiveStore,
    kubernetes: str,
    gates: Mapping[str, bool],
    clock: Callable[[], float],
    metrics: Metrics,
) -> AsyncIterator[Recorder]:
    """
    Record for as long as the context lasts; at its end all that is known is written.

    ``kubernetes`` and ``gates`` say whose scheduler is predicted.
    """
    file = RecordingFile(config.path, config.mib * MIB, config.files)
    thread = RecordingThread(
        RecordingState(kubernetes, gates, lambda: metrics.recorded(Recorded.BODY_DROPPED)),
        file,
        metrics.recorded,
    )
    recorder = Recorder(
        store,
        thread,
        clock,
        lambda: metrics.internal_error("other"),
        str(config.path),
        lambda: metrics.recorded(Recorded.UNCONFIRMED),
    )
    thread.start()
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        recorder.close()
        await asyncio.to_thread(thread.close)
