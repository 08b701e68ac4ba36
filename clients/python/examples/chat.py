"""A chat in the terminal: one question, one answer. Ctrl-C cancels the answer and shows what it cost all the same.

Usage: python examples/chat.py unix:/run/mete/mete.sock [--system "Answer briefly."]

Every line is a question of its own: the model sees no earlier ones. Ctrl-D, or Ctrl-C at the prompt, ends the chat.
"""

from __future__ import annotations

import argparse
import sys
from typing import Optional

import mete


def question() -> Optional[str]:
    """The next question; None when there are no more."""
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None


def answer(client: mete.Client, asked: argparse.Namespace, text: str) -> bool:
    """Prints the answer as it comes, and its bill; whether it ended well."""
    failure: Optional[mete.MeteError] = None
    stream = client.generate(
        text, model=asked.model, chat=True, system=asked.system, max_tokens=asked.max_tokens,
        temperature=asked.temperature, deadline=asked.deadline,
    )  # fmt: skip
    # Leaving the block cancels what still runs, and waits for the bill.
    with stream:
        try:
            for token in stream:
                print(token.text, end="", flush=True)
        except KeyboardInterrupt:
            print(" [cancelled]", end="")
        except mete.MeteError as error:
            failure = error
    print(flush=True)
    if failure:
        print(failure, file=sys.stderr)
    if stream.bill:
        bill = stream.bill
        said = f"{bill.tokens_in} tokens in, {bill.tokens_out} out, {bill.macs_total:,} multiply-accumulates"
        print(f"[{said}, {bill.cost_micro / 1e6:.6f} {bill.currency}]", file=sys.stderr, flush=True)
    return failure is None


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="asks a model, one question at a time")
    parser.add_argument("address", help="unix:PATH or tcp:HOST:PORT")
    parser.add_argument("--model", help="default: the first that can generate")
    parser.add_argument("--system", help="what the model is told before every question")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--deadline", type=float, help="seconds for an answer")
    asked = parser.parse_args()
    well = True
    try:
        with mete.connect(asked.address) as client:
            for text in iter(question, None):
                if not text.strip():
                    continue
                try:
                    well = answer(client, asked, text)
                except mete.MeteError as error:
                    # No connection: the daemon may be back when the next question comes.
                    print(error, file=sys.stderr)
                    well = False
    except mete.MeteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
