"""Runs the Python examples of a page against the daemon at METE_ADDRESS, each on its own.

Usage: METE_ADDRESS=unix:/path python scripts/readme_examples.py README.md
"""

import contextlib
import io
import os
import pathlib
import re
import sys

ADDRESS = "unix:/run/mete/mete.sock"


def main() -> int:
    page = pathlib.Path(sys.argv[1])
    examples = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    for number, example in enumerate(examples):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(example.replace(ADDRESS, os.environ["METE_ADDRESS"]), {"__name__": "__main__"})
        if not printed.getvalue().strip():
            print(f"{page}: example {number} prints nothing", file=sys.stderr)
            return 1
    print(f"{page}: {len(examples)} Python examples run")
    return 0 if examples else 1


if __name__ == "__main__":
    sys.exit(main())
