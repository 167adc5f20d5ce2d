#!/usr/bin/env python3
"""The gRPC API of a real cluster, called from Python: grpc_test.py BUILD-DIRECTORY"""

import concurrent.futures
import importlib
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import grpc

from cluster import DONE, MEMBERS, Cluster, free_ports
from cluster_testing import ALL, PATIENCE, Authority, check, the_coordinator, votes, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "tools/examples/python/copy_lines.py"
# What a channel takes to notice that a member is back may be seconds, unless it is told to hurry.
OPTIONS = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]

api = stubs = None


def generate(folder):
    """The modules that the API is in Python."""
    global api, stubs
    subprocess.run(["protoc", "-I", str(ROOT / "real/server/grpc"), f"--python_out={folder}", f"--grpc_python_out={folder}",
                    "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", "holdfast.proto"], check=True)
    sys.path.insert(0, str(folder))
    api, stubs = importlib.import_module("holdfast_pb2"), importlib.import_module("holdfast_pb2_grpc")


class Clients:
    """A stub for each member."""

    def __init__(self, cluster, credentials=None, options=()):
        self.cluster = cluster
        self.addresses = cluster.grpc_addresses()
        options = [*OPTIONS, *options]
        self.channels = [grpc.secure_channel(address, credentials, options) if credentials
                         else grpc.insecure_channel(address, options) for address in self.addresses]
        self.stubs = dict(zip(ALL, [stubs.LogStub(channel) for channel in self.channels]))

    def coordinator(self):
        return the_coordinator(self.cluster)

    def close(self):
        for channel in self.channels:
            channel.close()


def failure_of(call, code):
    """What a call fails with, and that it has this code."""
    try:
        result = call()
        result = list(result) if hasattr(result, "__iter__") else result
    except grpc.RpcError as error:
        check(error.code() == code, f"the code is {code}, not {error.code()}: {error.details()}")
        for key, value in error.trailing_metadata() or ():
            if key == "holdfast-failure-bin":
                return api.Failure.FromString(value)
        return None
    check(False, f"it fails with {code}; it returned {result}")


def test_example(clients, folder):
    lines = [f"line {i}" for i in range(100)]
    # The first that it asks need not be the coordinator.
    for addresses in (clients.addresses, clients.addresses[::-1]):
        done = subprocess.run(["/usr/bin/python3", str(EXAMPLE), *addresses], input="\n".join(lines), text=True,
                              capture_output=True, timeout=60, env={"PYTHONPATH": str(folder)}, check=False)
        check(done.returncode == DONE, "the example runs", clients.cluster, done)
        rows = [row.split("\t") for row in done.stdout.splitlines()]
        check([text for _, text in rows][-100:] == lines, "the log ends with what was appended", clients.cluster, done)
        check(clients.cluster.call("read").stdout == done.stdout, "the command line reads the same")


def entry(text, client=0, sequence=0):
    return api.AppendRequest(entry=text if isinstance(text, bytes) else text.encode(),
                             key=api.Key(client=client, sequence=sequence))


def test_writes(clients):
    leader = clients.coordinator()
    stub = clients.stubs[leader]
    first = stub.Append(entry("one", 5, 1), timeout=PATIENCE).position
    check(stub.Append(entry("one again", 5, 1), timeout=PATIENCE).position == first, "a key is known")
    other = next(member for member in ALL if member != leader)
    failure = failure_of(lambda: clients.stubs[other].Append(entry("x"), timeout=PATIENCE),
                         grpc.StatusCode.FAILED_PRECONDITION)
    check(failure.kind == "not_coordinator" and failure.coordinator == leader
          and failure.coordinator_address == clients.addresses[leader - 1], f"it says who coordinates: {failure}")
    big = entry(b"x" * (1 << 20) + b"x")
    check(failure_of(lambda: stub.Append(big, timeout=PATIENCE), grpc.StatusCode.INVALID_ARGUMENT).kind == "too_large",
          "too large an entry is refused")
    failure = failure_of(lambda: stub.Truncate(api.TruncateRequest(to=1 << 63), timeout=PATIENCE),
                         grpc.StatusCode.INVALID_ARGUMENT)
    check(failure.kind == "bad_truncate", "too far a truncation is refused")

    # A stream: results in order, failures among them, and the stream goes on.
    requests = [api.AppendStreamRequest(entries=[entry(f"{i}.{j}") for j in range(i % 4)]) for i in range(200)]
    requests.insert(50, api.AppendStreamRequest(entries=[entry("before"), big, entry("behind")]))
    responses = list(stub.AppendStream(iter(requests), timeout=PATIENCE))
    check([len(response.results) for response in responses] == [len(request.entries) for request in requests],
          "each request has its response")
    positions = [result.position for response in responses for result in response.results if not result.HasField("failure")]
    failures = [result.failure.kind for response in responses for result in response.results if result.HasField("failure")]
    check(failures == ["too_large"], f"one failed: {failures}")
    check(positions == sorted(set(positions)), "they are in the log in the order in which they were sent")
    texts = [item.entry.decode() for request in requests for item in request.entries if len(item.entry) < 99]
    read = {item.position: item.entry.decode() for page in
            stub.Read(api.ReadRequest(level=api.LINEARIZABLE), timeout=PATIENCE) for item in page.entries}
    check([read[position] for position in positions] == texts, "and are read where they are said to be")
    return first, positions


def test_reads(clients, first, positions):
    leader = clients.coordinator()
    last = positions[-1]
    for member, stub in clients.stubs.items():
        # What was just acknowledged, at any member.
        pages = list(stub.Read(api.ReadRequest(**{"from": first}, to=last, level=api.LINEARIZABLE), timeout=PATIENCE))
        check(pages[-1].next == last + 1 and pages[-1].entries[-1].position == last, f"member {member} reads to the end")
        check(stub.CatchUp(api.CatchUpRequest(), timeout=PATIENCE).upto >= last, f"member {member} catches up")
        own = clients.stubs[leader].Append(entry(f"for {member}"), timeout=PATIENCE).position
        pages = list(stub.Read(api.ReadRequest(**{"from": own, "await": own}), timeout=PATIENCE))
        check(pages[0].entries[0].position == own, f"member {member} waits for one's own write")
        status = stub.Status(api.StatusRequest(), timeout=PATIENCE)
        check((status.member, status.status, status.coordinates, status.coordinator) ==
              (member, "VOTING", member == leader, leader), f"the status of member {member}: {status}")
    stub = clients.stubs[leader]
    keyed = list(stub.Read(api.ReadRequest(**{"from": first}, to=first), timeout=PATIENCE))[0].entries[0]
    check((keyed.entry, keyed.key.client, keyed.key.sequence) == (b"one", 5, 1), "an entry has its key")
    failure = failure_of(lambda: stub.Read(api.ReadRequest(**{"from": 10 ** 9}, to=10 ** 9), timeout=PATIENCE),
                         grpc.StatusCode.OUT_OF_RANGE)
    check(failure.kind == "past_end", "what is not there")
    for field in ("from", "to", "await"):
        failure = failure_of(lambda field=field: stub.Read(api.ReadRequest(**{field: (1 << 64) - 1}), timeout=PATIENCE),
                             grpc.StatusCode.INVALID_ARGUMENT)
        check(failure.kind == "bad_request", f"{field} is too large")
    began = time.monotonic()
    failure_of(lambda: stub.Read(api.ReadRequest(**{"await": 10 ** 9}), timeout=1), grpc.StatusCode.DEADLINE_EXCEEDED)
    check(time.monotonic() - began < 5, "what never comes is waited for until the deadline")
    list(stub.Read(api.ReadRequest(**{"from": 10 ** 9}), timeout=PATIENCE))


class Follower(threading.Thread):
    def __init__(self, stub, start):
        super().__init__(daemon=True)
        self.call = stub.Tail(api.TailRequest(**{"from": start}))
        self.seen, self.code = [], None
        self.start()

    def run(self):
        try:
            for page in self.call:
                self.seen += [(item.position, item.entry) for item in page.entries]
        except grpc.RpcError as error:
            self.code = error.code()


def test_tails(clients):
    """Many followers at all members see the same entries, as they come."""
    leader = clients.coordinator()
    start = clients.stubs[leader].Append(entry("start"), timeout=PATIENCE).position
    followers = [Follower(clients.stubs[member], start) for member in ALL for _ in range(12)]
    for i in range(30):
        clients.stubs[leader].Append(entry(f"tail {i}"), timeout=PATIENCE)
    wanted = [b"start"] + [f"tail {i}".encode() for i in range(30)]
    wait_until(lambda: all([text for _, text in follower.seen] == wanted for follower in followers),
               "all followers see all", clients.cluster)
    began = time.monotonic()
    position = clients.stubs[leader].Append(entry("last"), timeout=PATIENCE).position
    wait_until(lambda: all(follower.seen[-1][0] == position for follower in followers), "and the last", clients.cluster)
    print(f"36 followers see an entry {time.monotonic() - began:.3f} s after its append began")
    for follower in followers:
        follower.call.cancel()
        follower.join(PATIENCE)
        check(follower.code == grpc.StatusCode.CANCELLED, "a follower is cancelled")
    clients.stubs[leader].Truncate(api.TruncateRequest(to=position), timeout=PATIENCE)
    wait_until(lambda: clients.stubs[leader].Status(api.StatusRequest(), timeout=PATIENCE).begin == position, "it is truncated",
               clients.cluster)
    failure = failure_of(lambda: clients.stubs[leader].Tail(api.TailRequest(**{"from": start}), timeout=PATIENCE),
                         grpc.StatusCode.OUT_OF_RANGE)
    check(failure.kind == "truncated", "what was truncated is not passed over")


def test_too_much(clients):
    """More at once than a member takes is refused, entry by entry; nothing else happens to it."""
    leader = clients.coordinator()
    request = api.AppendStreamRequest(entries=[api.AppendRequest()] * 40_000)
    results = [result for response in clients.stubs[leader].AppendStream(iter([request]), timeout=PATIENCE)
               for result in response.results]
    kinds = {result.failure.kind for result in results if result.HasField("failure")}
    check(len(results) == 40_000 and kinds == {"overloaded"}, f"some are refused as overloaded: {kinds}")
    written = [result.position for result in results if not result.HasField("failure")]
    check(len(written) > 1000 and written == sorted(set(written)), f"the others are written: {len(written)}")
    own = clients.stubs[leader].Append(entry("after that"), timeout=PATIENCE).position
    pages = list(clients.stubs[leader].Read(api.ReadRequest(**{"from": own, "await": own}, level=api.LINEARIZABLE),
                                            timeout=PATIENCE))
    check(pages[0].entries[0].entry == b"after that", "the member serves on")


def test_bad_callers(clients, cluster):
    """Garbage at the port, and calls that are given up, do not disturb others."""
    leader = clients.coordinator()
    host, port = clients.addresses[leader - 1].split(":")
    for _ in range(50):
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(b"\x00garbage\xff" * 100)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        def give_up(number):
            call = clients.stubs[leader].Append.future(entry(f"given up {number}"), timeout=PATIENCE)
            call.cancel()
        list(pool.map(give_up, range(200)))
    unknown = clients.channels[0].unary_unary("/holdfast.v1.Log/Forget")
    failure_of(lambda: unknown(b"", timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED)
    check(clients.stubs[leader].Append(entry("still here"), timeout=PATIENCE).position > 0, "appends go on")
    check(cluster.call("append", "by the command line").returncode == DONE, "for all clients")


def test_ends(clients, cluster):
    """A member that is told to end does, whoever follows it."""
    leader = clients.coordinator()
    follower = Follower(clients.stubs[leader], 0)
    stream_stub = clients.stubs[leader]
    held = threading.Event()

    def requests():
        yield api.AppendStreamRequest(entries=[entry("in a stream")])
        held.wait(PATIENCE)
    stream = stream_stub.AppendStream(requests())
    check(next(stream).results[0].position > 0, "a stream is open")
    began = time.monotonic()
    code = cluster.stop(leader)
    check(code == DONE, f"it ends as it was told, not with {code}", cluster)
    took = time.monotonic() - began
    check(took < 10, f"and soon, not after {took:.1f} s", cluster)
    follower.join(PATIENCE)
    check(follower.code is not None, "its followers are told")
    held.set()
    cluster.start(leader)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    new = clients.coordinator()
    check(clients.stubs[new].Append(entry("after that"), timeout=PATIENCE, wait_for_ready=True).position > 0, "appends go on")


def test_tls(build, folder):
    """With [tls] a client needs a certificate that the clients' authority signed."""
    members, trusted = Authority(folder / "pki", "members"), Authority(folder / "pki", "clients")

    def tables(bearer):
        if bearer != "client":
            return members.table(bearer, f'client_authority = "{trusted.certificate}"\n')
        certificate, key = trusted.issue(bearer)
        return f'\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthority = "{members.certificate}"\n'

    cluster = Cluster(build / "bin", folder / "tls")
    cluster.configure(free_ports(4 * MEMBERS), tables=tables)
    cluster.initialise()
    try:
        cluster.start_all()
        wait_until(lambda: votes(cluster), "all members vote", cluster)

        def clients(authority, name):
            certificate, key = authority.issue(name)
            credentials = grpc.ssl_channel_credentials(members.certificate.read_bytes(), key.read_bytes(),
                                                       certificate.read_bytes())
            return Clients(cluster, credentials, [("grpc.ssl_target_name_override", "member1")])

        known, strange = clients(trusted, "known"), clients(Authority(folder / "pki", "strangers"), "stranger")
        check(known.stubs[1].Status(api.StatusRequest(), timeout=PATIENCE).status == "VOTING", "a client is served", cluster)
        for other in (strange, Clients(cluster)):
            failure_of(lambda other=other: other.stubs[1].Status(api.StatusRequest(), timeout=5), grpc.StatusCode.UNAVAILABLE)
        wait_until(lambda: "event=grpc" in cluster.log(1).read_text(), "the log tells of the stranger", cluster)
        check(known.stubs[1].Status(api.StatusRequest(), timeout=PATIENCE).member == 1, "a client is served on", cluster)
    finally:
        cluster.kill_all()


def main():
    build = pathlib.Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: told to stop"))
    with tempfile.TemporaryDirectory(prefix="holdfast-grpc-") as folder:
        folder = pathlib.Path(folder)
        generate(folder)
        cluster = Cluster(build / "bin", folder / "grpc")
        cluster.configure(free_ports(4 * MEMBERS))
        cluster.initialise()
        cluster.start_all()
        try:
            wait_until(lambda: votes(cluster), "all members vote", cluster)
            clients = Clients(cluster)
            clients.coordinator()
            test_example(clients, folder)
            test_reads(clients, *test_writes(clients))
            test_tails(clients)
            test_too_much(clients)
            test_bad_callers(clients, cluster)
            test_ends(clients, cluster)
            clients.close()
        finally:
            cluster.kill_all()
        test_tls(build, folder)
    print("gRPC: passed")


if __name__ == "__main__":
    main()
