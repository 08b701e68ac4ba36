"""Both clients behind the same blocking calls, for tests that mean either."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any, Coroutine, List, Optional, TypeVar

import mete
from mete import AsyncClient, CallOptions, Retry

T = TypeVar("T")
#: Attempts that need not wait.
QUICK = Retry(attempts=4, base=0.0, seed=1)


def _hear(client: Any) -> None:
    while not client._connections._current.board.spent:
        time.sleep(0.001)


class Sync:
    """The synchronous client."""

    def __init__(self, address: str, retry: Retry = QUICK) -> None:
        self.client = mete.connect(address, timeout=2, retry=retry)

    def __enter__(self) -> Sync:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def hear(self) -> None:
        """Waits until the client has heard that its connection takes no more calls."""
        _hear(self.client)

    def health(self, deadline: Optional[float] = None) -> str:
        """Health.Check."""
        return self.client.health(deadline)

    def embed(self, texts: List[Any], call: Optional[bytes] = None, deadline: Optional[float] = None) -> List[Any]:
        """Embed."""
        return self.client.embed(texts, deadline=deadline, options=CallOptions(call=call))

    def text(self, prompt: Any) -> str:
        """Generate, to its end."""
        return self.client.generate(prompt).text()

    def first(self, prompt: Any) -> Any:
        """Generate, until its first token; the rest is read by `rest`."""
        stream = self.client.generate(prompt)
        next(stream)
        return stream

    def rest(self, stream: Any) -> str:
        """What is left of it."""
        return str(stream.text())

    def predict(self, source: Any) -> List[Any]:
        """Predict, to its end."""
        return list(self.client.predict(source))


class Async:
    """The asyncio client, on a loop in a thread."""

    def __init__(self, address: str, retry: Retry = QUICK) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self.client = self._run(AsyncClient.connect(address, timeout=2, retry=retry))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Async:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self.client.close())
        self._end()

    def hear(self) -> None:
        """Waits until the client has heard that its connection takes no more calls."""
        _hear(self.client)

    def health(self, deadline: Optional[float] = None) -> str:
        """Health.Check."""
        return self._run(self.client.health(deadline))

    def embed(self, texts: List[Any], call: Optional[bytes] = None, deadline: Optional[float] = None) -> List[Any]:
        """Embed."""
        return self._run(self.client.embed(texts, deadline=deadline, options=CallOptions(call=call)))

    def text(self, prompt: Any) -> str:
        """Generate, to its end."""

        async def work() -> str:
            return await (await self.client.generate(prompt)).text()

        return self._run(work())

    def first(self, prompt: Any) -> Any:
        """Generate, until its first token; the rest is read by `rest`."""

        async def work() -> Any:
            stream = await self.client.generate(prompt)
            await stream.__anext__()
            return stream

        return self._run(work())

    def rest(self, stream: Any) -> str:
        """What is left of it."""
        return str(self._run(stream.text()))

    def predict(self, source: Any) -> List[Any]:
        """Predict, to its end."""

        async def work() -> List[Any]:
            return [prediction async for prediction in await self.client.predict(source)]

        return self._run(work())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
