"""What is measured, and how: every measure is repeated after one warm-up that does not count."""

import asyncio
import dataclasses
import itertools
import statistics
import time
from typing import Awaitable, Callable, List, Sequence

import mete
from daemon import Usage

#: No call of a benchmark takes this long; a daemon that hangs fails it.
DEADLINE = 300.0
LANGUAGE, ENCODER = "smollm2", "minilm"
PROMPT_TOKENS, PREFILL_TOKENS, ANSWER_TOKENS = 32, 512, 64
TEXTS, TEXT_WORDS = 32, 18


@dataclasses.dataclass(frozen=True)
class Row:
    """A measure: what, its values, the unit, and how it was taken."""

    name: str
    values: Sequence[float]
    unit: str
    how: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)


async def repeated(repeats: int, once: Callable[[], Awaitable[List[float]]]) -> List[List[float]]:
    """The columns of `repeats` runs, after one that does not count."""
    await once()
    return [list(column) for column in zip(*[await once() for _ in range(repeats)])]


async def all_of(address: str, text: str, repeats: int) -> List[Row]:
    """All measures of the two models, one after the other on one connection."""
    async with mete.AsyncClient(address) as client:
        words = text.split()
        ids = await client.tokenize(" ".join(words[:2000]), model=LANGUAGE)
        texts = [" ".join(words[i : i + TEXT_WORDS]) for i in range(0, TEXTS * TEXT_WORDS, TEXT_WORDS)]
        rows = await first_token(client, ids, repeats)
        rows += await decode(client, ids, 1, repeats)
        rows += await decode(client, ids, 8, repeats)
        rows += await prefill(client, ids, repeats)
        rows += await embed(client, texts, repeats)
        return rows


async def first_token(client: mete.AsyncClient, ids: List[int], repeats: int) -> List[Row]:
    starts = itertools.count(1000)

    async def once() -> List[float]:
        began = time.perf_counter()
        start = next(starts)
        prompt = ids[start : start + PROMPT_TOKENS]
        stream = await client.generate(prompt, model=LANGUAGE, max_tokens=8, ignore_eos=True, deadline=DEADLINE)
        await stream.__anext__()
        first = time.perf_counter() - began
        await stream.text()
        return [first * 1000]

    (times,) = await repeated(2 * repeats, once)
    return [Row("SmolLM2: time to first token", times, "ms", f"{PROMPT_TOKENS}-token prompt, idle daemon")]


async def decode(client: mete.AsyncClient, ids: List[int], streams: int, repeats: int) -> List[Row]:
    """Tokens a second while all streams decode: between the last one's first token and the first one's end."""

    async def stream(number: int) -> List[float]:
        prompt = ids[number * PROMPT_TOKENS : (number + 1) * PROMPT_TOKENS]
        tokens = await client.generate(
            prompt, model=LANGUAGE, max_tokens=ANSWER_TOKENS, ignore_eos=True, deadline=DEADLINE
        )
        return [time.perf_counter() async for _ in tokens]

    async def once() -> List[float]:
        times = await asyncio.gather(*[stream(number) for number in range(streams)])
        begin, end = max(own[0] for own in times), min(own[-1] for own in times)
        count = sum(begin < moment <= end for own in times for moment in own)
        return [count / (end - begin)]

    (rates,) = await repeated(repeats, once)
    title = "1 stream" if streams == 1 else f"{streams} streams together"
    how = f"{PROMPT_TOKENS}-token prompts, {ANSWER_TOKENS} tokens each, greedy"
    return [Row(f"SmolLM2: decode, {title}", rates, "tokens/s", how)]


async def prefill(client: mete.AsyncClient, ids: List[int], repeats: int) -> List[Row]:
    # Each prompt begins with another token: what an earlier one left could be reused otherwise.
    starts = itertools.count()

    async def read(start: int) -> List[float]:
        began = time.perf_counter()
        prompt = ids[start : start + PREFILL_TOKENS]
        stream = await client.generate(prompt, model=LANGUAGE, max_tokens=1, deadline=DEADLINE)
        await stream.text()
        seconds = time.perf_counter() - began
        return [PREFILL_TOKENS / seconds, stream.bill.macs_total / seconds / 1e9]

    rates, work = await repeated(repeats, lambda: read(next(starts)))
    again, _ = await repeated(repeats, lambda: read(0))
    how = f"{PREFILL_TOKENS}-token prompts that differ from the first token on, max_tokens 1"
    return [
        Row("SmolLM2: prefill", rates, "tokens/s", how),
        Row("SmolLM2: prefill, multiply-adds on the bill", work, "10⁹/s", "the same runs"),
        Row("SmolLM2: prefill, one prompt again and again", again, "tokens/s", "its pages are still there and reused"),
    ]


async def embed(client: mete.AsyncClient, texts: List[str], repeats: int) -> List[Row]:
    async def together() -> List[float]:
        began = time.perf_counter()
        vectors = await client.embed(texts, model=ENCODER, deadline=DEADLINE)
        seconds = time.perf_counter() - began
        return [len(texts) / seconds, vectors.bill.tokens_in / seconds]

    async def alone() -> List[float]:
        began = time.perf_counter()
        await client.embed(texts[:1], model=ENCODER, deadline=DEADLINE)
        return [(time.perf_counter() - began) * 1000]

    tokens = (await client.embed(texts, model=ENCODER)).bill.tokens_in / len(texts)
    rates, reading = await repeated(2 * repeats, together)
    (times,) = await repeated(4 * repeats, alone)
    how = f"{len(texts)} texts of {tokens:.0f} tokens on average in one call"
    return [
        Row("MiniLM: embed", rates, "texts/s", how),
        Row("MiniLM: embed", reading, "tokens/s", "the same runs"),
        Row("MiniLM: embed, one text", times, "ms", "call to vector, idle daemon"),
    ]


def of_process(starts: Sequence[Usage], end: Usage) -> List[Row]:
    """Start and memory of the daemon with both models."""
    mib = 1 << 20
    return [
        Row("both models: start to ready", [u.startup_seconds for u in starts], "s", "files in the page cache"),
        Row("both models: resident when ready", [u.resident / mib for u in starts], "MiB", "VmRSS"),
        Row("… of which mapped files", [u.mapped / mib for u in starts], "MiB", "RssFile; shared, reclaimable"),
        Row("both models: resident at the end", [end.resident / mib], "MiB", "after all of the above, VmRSS"),
    ]
