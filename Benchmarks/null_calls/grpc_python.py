"""A gRPC client in Python (`grpcio`, without code generation in the way) that measures unary calls.

Usage: python grpc_python.py ADDRESS COUNT      prints one line of JSON; the server is grpc_server
"""

import json
import sys
import time

import grpc


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/null.Null/Unary")
        message = b"\x0a\x0812345678"  # field 1, eight bytes
        for _ in range(count // 10 + 1):
            call(message)
        trips = []
        spent, began = time.process_time(), time.perf_counter()
        for _ in range(count):
            start = time.perf_counter()
            assert call(message) == message
            trips.append(time.perf_counter() - start)
        wall, spent = time.perf_counter() - began, time.process_time() - spent
    trips.sort()
    p50, p99 = trips[count // 2] * 1e6, trips[int(0.99 * (count - 1))] * 1e6
    print(json.dumps({"p50_us": p50, "p99_us": p99, "messages": count, "seconds": wall, "client_cpu": spent}))


if __name__ == "__main__":
    main()
