"""One side of a comparison as a process: requests and answers are JSON, one a line, on standard input and output.

It says `{"ready": version}` once its model is loaded. A request names a `work` and carries its inputs as token ids, or as text to classify:

    {"work": "decode", "name": …, "prompts": [[…], …], "tokens": n}   -> {"seconds": s, "tokens": counted}
    {"work": "prefill", "name": …, "prompts": [[…]]}                  -> {"seconds": s, "tokens": counted}
    {"work": "embed", "name": …, "texts": [[…], …], "times": k}       -> {"seconds": [s, …], "tokens": of one time}
    {"work": "classify", "name": …, "texts": ["…", …], "at_once": n}  -> {"seconds": [s, …], "tokens": texts, "labels": [index, …]}

`classify` with `at_once` 1 takes a text at a time and tells the seconds of each; with more it has that many texts to order and to split
as it likes at any time, and tells the seconds of all. Tokenizing is a part of the work.

`"tune": true` tries every setting that the peer has for this work and keeps the fastest under its `name`; the answer names it.
A failure is `{"error": text}`. The end of standard input ends the process.
"""

import json
import os
import statistics
import sys
from typing import Any, Dict, List, NamedTuple

Request = Dict[str, Any]
#: Timings of one setting; the fastest counts, since what disturbs only ever slows. One that is this much slower is not timed again.
TUNING_RUNS, HOPELESS = 3, 1.5


class Measured(NamedTuple):
    """How long a work took (or each repetition of it), the tokens that it counts, and the label of each text if it found any."""

    seconds: List[float]
    tokens: int
    labels: List[int] = []


class Peer:
    """What a peer brings: its version, its settings for a work, and the work itself."""

    version = ""

    def settings(self, request: Request) -> List[Dict[str, Any]]:
        raise NotImplementedError

    def run(self, request: Request, setting: Dict[str, Any]) -> Measured:
        raise NotImplementedError


def tune(peer: Peer, request: Request) -> Dict[str, Any]:
    """The setting with the fastest run; also warms it up."""
    chosen, fastest = {}, float("inf")
    for setting in peer.settings(request):
        peer.run(request, setting)
        for _ in range(TUNING_RUNS):
            seconds = statistics.median(peer.run(request, setting).seconds)
            if seconds < fastest:
                chosen, fastest = setting, seconds
            elif seconds > HOPELESS * fastest:
                break
    return chosen


def answer(peer: Peer, chosen: Dict[str, Dict[str, Any]], request: Request) -> Dict[str, Any]:
    name = request["name"]
    if request.get("tune"):
        chosen[name] = tune(peer, request)
        return {"setting": chosen[name]}
    measured = peer.run(request, chosen[name])
    seconds = measured.seconds if request["work"] in ("embed", "classify") else measured.seconds[0]
    return {"seconds": seconds, "tokens": measured.tokens, **({"labels": measured.labels} if measured.labels else {})}


def serve(peer: Peer) -> None:
    """Answers until standard input ends. What a library prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    chosen: Dict[str, Dict[str, Any]] = {}
    print(json.dumps({"ready": peer.version}), file=out)
    for line in sys.stdin:
        try:
            said = answer(peer, chosen, json.loads(line))
        except Exception as error:  # Whatever a library throws is told, and ends the comparison there.
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), file=out)
