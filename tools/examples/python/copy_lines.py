#!/usr/bin/env python3
"""A client of a running cluster in Python, over gRPC: appends every line of standard input, then prints the log.

    copy_lines.py HOST:PORT...      the grpc addresses of members

Needs grpcio and protobuf (Debian: python3-grpcio, python3-protobuf), and what protoc makes of the API beside it:

    protoc -I DIR --python_out=. --grpc_python_out=. --plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin \\
        holdfast.proto

with the folder of holdfast.proto (/usr/share/doc/holdfast) as DIR.
"""

import random
import sys
import time

import grpc
import holdfast_pb2 as api
import holdfast_pb2_grpc as stubs

PATIENCE = 20  # seconds
# Kinds of failures after which nothing was written, and soon something may be.
SOON = {"not_coordinator", "lost_election", "too_few_voters", "not_voting", "not_ready", "stopping", "overloaded"}


def failure_of(error):
    """What the member says of a call that failed; none: it was not a member that said it."""
    for key, value in error.trailing_metadata() or ():
        if key == "holdfast-failure-bin":
            return api.Failure.FromString(value)
    return None


class Log:
    """Calls whoever coordinates, as far as it is known."""

    def __init__(self, addresses):
        self.addresses = list(addresses)
        self.target = self.addresses[0]
        self.channels = {}

    def stub(self, address):
        if address not in self.channels:
            self.channels[address] = grpc.insecure_channel(address)
        return stubs.LogStub(self.channels[address])

    def turn(self, failure):
        """To the coordinator, if it was named, or else to the next member."""
        if failure is not None and failure.coordinator_address:
            self.target = failure.coordinator_address
            return
        index = self.addresses.index(self.target) if self.target in self.addresses else -1
        self.target = self.addresses[(index + 1) % len(self.addresses)]
        time.sleep(0.1)

    def append(self, entries):
        """Each of them, in this order: a list of keyed requests; their positions.

        What was not answered is sent again under its key, and is in the log once."""
        positions, end = {}, time.monotonic() + PATIENCE
        while len(positions) < len(entries):
            left = [entry for entry in entries if entry.key.sequence not in positions]
            failure = None
            try:
                requests = (api.AppendStreamRequest(entries=left[i:i + 16]) for i in range(0, len(left), 16))
                for number, response in enumerate(self.stub(self.target).AppendStream(requests, timeout=PATIENCE)):
                    for entry, result in zip(left[16 * number:], response.results):
                        if not result.HasField("failure"):
                            positions[entry.key.sequence] = result.position
                        elif result.failure.kind in SOON | {"unknown", "deadline"}:
                            failure = result.failure
                        else:
                            sys.exit(f"refused: {result.failure.text}")
            except grpc.RpcError as error:
                failure = failure_of(error)
            if len(positions) < len(entries):
                if time.monotonic() > end:
                    sys.exit(f"nobody takes it: {failure}")
                self.turn(failure)
        return positions

    def read(self):
        """All of it, with everything that was acknowledged to anybody before."""
        for page in self.stub(self.target).Read(api.ReadRequest(level=api.LINEARIZABLE), timeout=PATIENCE):
            yield from page.entries


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    log = Log(sys.argv[1:])
    client = random.SystemRandom().randrange(1, 1 << 63)
    log.append([api.AppendRequest(entry=line.rstrip("\n").encode(), key=api.Key(client=client, sequence=number))
                for number, line in enumerate(sys.stdin, start=1)])
    for entry in log.read():
        print(f"{entry.position}\t{entry.entry.decode(errors='replace')}")


if __name__ == "__main__":
    main()
