"""Both clients behind the blocking calls that a scenario needs, over nothing but their public interface."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Any, Callable, Coroutine, Dict, List, Optional, TypeVar

import mete
from mete import AsyncClient, Limits, Retry

T = TypeVar("T")
#: What a runner waits for one thing at most; the machine may be busy.
PATIENCE = 200.0


class Feeding:
    """Messages that are sent in the background, and whether they have all gone."""

    def __init__(self, is_done: Callable[[], bool]) -> None:
        self.is_done = is_done


class SyncParty:
    """The synchronous client."""

    def __init__(self, address: str, limits: Limits, retry: Retry) -> None:
        self.client = mete.Client(address, timeout=30, limits=limits, retry=retry)

    def open(self, method: str, **options: Any) -> Any:
        """Begins a call."""
        return self.client.call(method, **options)

    def send(self, stream: Any, message: Any) -> bool:
        """Sends a message; False if the call takes no more."""
        return bool(stream.send(message))

    def feed(self, stream: Any, messages: List[Any]) -> Feeding:
        """Sends messages in the background, then half-closes."""

        def work() -> None:
            if all(stream.send(message) for message in messages):
                stream.half_close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return Feeding(lambda: not thread.is_alive())

    def half_close(self, stream: Any) -> None:
        """No more messages come."""
        stream.half_close()

    def cancel(self, stream: Any) -> None:
        """Gives a call up."""
        stream.cancel()

    def next(self, stream: Any) -> Optional[List[Any]]:
        """The next message in a list, None after the last."""
        for message in stream:
            return [message]
        return None

    def typed(self, name: str, *arguments: Any, **options: Any) -> Any:
        """A typed call."""
        return getattr(self.client, name)(*arguments, **options)

    def close(self) -> None:
        """Closes the client."""
        self.client.close()


class AsyncParty:
    """The asyncio client, on a loop in a thread."""

    def __init__(self, address: str, limits: Limits, retry: Retry) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def connect() -> AsyncClient:
            return await AsyncClient(address, timeout=30, limits=limits, retry=retry).__aenter__()

        self.client = self._run(connect())

    def open(self, method: str, **options: Any) -> Any:
        """Begins a call."""
        return self._run(self.client.call(method, **options))

    def send(self, stream: Any, message: Any) -> bool:
        """Sends a message; False if the call takes no more."""
        return bool(self._run(stream.send(message)))

    def feed(self, stream: Any, messages: List[Any]) -> Feeding:
        """Sends messages in the background, then half-closes."""

        async def work() -> None:
            for message in messages:
                if not await stream.send(message):
                    return
            stream.half_close()

        return Feeding(self._begin(work()).done)

    def half_close(self, stream: Any) -> None:
        """No more messages come."""
        self._run(self._on_loop(stream.half_close))

    def cancel(self, stream: Any) -> None:
        """Gives a call up."""
        self._run(self._on_loop(stream.cancel))

    def next(self, stream: Any) -> Optional[List[Any]]:
        """The next message in a list, None after the last."""

        async def work() -> Optional[List[Any]]:
            async for message in stream:
                return [message]
            return None

        return self._run(work())

    def typed(self, name: str, *arguments: Any, **options: Any) -> Any:
        """A typed call."""
        return self._run(getattr(self.client, name)(*arguments, **options))

    def close(self) -> None:
        """Closes the client and ends its loop."""
        self._run(self.client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _on_loop(self, action: Callable[[], None]) -> None:
        action()

    def _begin(self, work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._begin(work).result(PATIENCE)


PARTIES: Dict[str, Any] = {"sync": SyncParty, "asyncio": AsyncParty}
