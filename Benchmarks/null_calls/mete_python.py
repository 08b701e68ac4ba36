"""The Mete client in Python measures unary calls as grpc_python.py does.

Usage: python mete_python.py ADDRESS COUNT      prints one line of JSON; the server is meted
"""

import json
import sys
import time

import mete


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    with mete.connect(address) as client:
        for _ in range(count // 10 + 1):
            client.echo([b"12345678"])
        trips = []
        spent, began = time.process_time(), time.perf_counter()
        for _ in range(count):
            start = time.perf_counter()
            assert client.echo([b"12345678"]) == [b"12345678"]
            trips.append(time.perf_counter() - start)
        wall, spent = time.perf_counter() - began, time.process_time() - spent
    trips.sort()
    p50, p99 = trips[count // 2] * 1e6, trips[int(0.99 * (count - 1))] * 1e6
    print(json.dumps({"p50_us": p50, "p99_us": p99, "messages": count, "seconds": wall, "client_cpu": spent}))


if __name__ == "__main__":
    main()
