"""Embeds one column of a CSV: a JSON line for each row, in order; a progress bar and the bill on standard error.

Usage: python examples/embed_csv.py unix:/run/mete/mete.sock books.csv --column title > vectors.jsonl     (`-` is standard input)
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from typing import Iterator, List, TextIO

import mete

BAR = 40


def column_of(table: TextIO, column: str) -> List[str]:
    """The cells of the column, which is a header or a number from 0. Raises LookupError."""
    rows = list(csv.reader(table))
    if not rows:
        return []
    if column in rows[0]:
        place, rows = rows[0].index(column), rows[1:]
    elif column.isdecimal():
        place = int(column)
    else:
        raise LookupError(f"no column {column!r}: there are {', '.join(rows[0])}")
    return [row[place] if place < len(row) else "" for row in rows]


def batches(texts: List[str], size: int) -> Iterator[List[str]]:
    """The texts, so many at a time: one call each, so that an answer is never far."""
    for begin in range(0, len(texts), size):
        yield texts[begin : begin + size]


def show(done: int, total: int) -> None:
    """Draws the bar: over itself in a terminal, once at the end elsewhere."""
    filled = BAR * done // max(1, total)
    line = f"[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}"
    if sys.stderr.isatty():
        print(f"\r{line}", end="" if done < total else "\n", file=sys.stderr, flush=True)
    elif done == total:
        print(line, file=sys.stderr)


def embed(client: mete.Client, texts: List[str], asked: argparse.Namespace) -> None:
    """Writes the vectors as they come. A call that a busy or restarting server refused is made again by the client."""
    tokens = macs = micro = done = 0
    currency = ""
    for some in batches(texts, asked.batch):
        vectors = client.embed(some, model=asked.model, truncate=True)
        for text, vector in zip(some, vectors):
            print(json.dumps({"text": text, "vector": [round(x, 7) for x in vector]}, ensure_ascii=False))
        if vectors.bill:
            tokens += vectors.bill.tokens_in
            macs += vectors.bill.macs_total
            micro += vectors.bill.cost_micro
            currency = vectors.bill.currency
        done += len(some)
        show(done, len(texts))
    print(f"{done} texts, {tokens} tokens, {macs:,} multiply-accumulates, {micro / 1e6:.6f} {currency}", file=sys.stderr)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="embeds a column of a CSV")
    parser.add_argument("address", help="unix:PATH or tcp:HOST:PORT")
    parser.add_argument("table", help="a CSV, or - for standard input")
    parser.add_argument("--column", default="0", help="its header; or its number from 0, if there are no headers")
    parser.add_argument("--model", help="default: the first that can embed")
    parser.add_argument("--batch", type=int, default=32, help="texts in one call")
    asked = parser.parse_args()
    try:
        with open(0 if asked.table == "-" else asked.table, newline="", encoding="utf-8-sig") as table:
            texts = column_of(table, asked.column)
        with mete.connect(asked.address, retry=mete.Retry(attempts=10)) as client:
            embed(client, texts, asked)
    except KeyboardInterrupt:
        return 130
    except (mete.MeteError, OSError, LookupError, csv.Error, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
