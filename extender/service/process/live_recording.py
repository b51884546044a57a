"""The recording of a live service: what stands between reflectors and store, and follows the requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extender.kube.recording.file import RecordingFile
from extender.kube.recording.raw_objects import RawObjects
from extender.kube.recording.state import RecordingState

from ..recording.recorder import Recorder
from ..recording.thread import RecordingThread

if TYPE_CHECKING:
    from ..config import RecordingSettings
    from ..live.store import LiveStore
    from ..metrics.metrics import Metrics

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recordings:
    """``sink`` is what reflectors must tell, with the resources that it keeps."""

    sink: RawObjects
    recorder: Recorder


@asynccontextmanager
async def recording(
    config: RecordingSettings,
    store: LiveStore,
    kubernetes: str,
    gates: Mapping[str, bool],
    clock: Callable[[], float],
    metrics: Metrics,
) -> AsyncIterator[Recordings]:
    """
    Record for as long as the context lasts; at its end all that is known is written.

    ``kubernetes`` and ``gates`` say whose scheduler is predicted.
    """
    file = RecordingFile(config.path, config.mib * MIB, config.files)
    thread = RecordingThread(RecordingState(kubernetes, gates), file, metrics.recorded)
    sink = RawObjects(store)
    recorder = Recorder(store, sink, thread, clock, lambda: metrics.internal_error("other"), str(config.path))
    sink.observer = recorder
    thread.start()
    task = asyncio.create_task(recorder.run())
    try:
        yield Recordings(sink, recorder)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        recorder.close()
        await asyncio.to_thread(thread.close)
