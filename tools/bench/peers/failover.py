#!/usr/bin/python3
"""How long nobody can write after kill -9 of whoever leads, next to etcd and ZooKeeper: failover.py [--bin DIR]

Three members each, on loopback, with the defaults of each system.  Eight clients write one entry after the other, each with
the next member when one does not answer.  The leader is killed; the time to the next write that began after that and was
acknowledged is told, and the member is started again.  The systems take turns.

Needs Debian's python3-grpcio, python3-protobuf, python3-kazoo, protobuf-compiler-grpc, etcd-server, zookeeper and a Java
runtime, and holdfast and holdfastd in --bin.

exit codes: 0 measured; 1 a system failed; 2 bad usage, or something is missing
"""

import argparse
import http.client
import importlib
import json
import logging
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from cluster import MEMBERS, Cluster, free_ports  # noqa: E402
from processes import Processes  # noqa: E402
from zookeeper_servers import ZooKeeperServers  # noqa: E402

ALL = range(1, MEMBERS + 1)
CLIENTS = 8
# Between a client's answer and its next write, and before it tries the next member.
PAUSE = 0.01
ANSWER = 0.5  # seconds that a member has to answer
PATIENCE = 60


class Failed(Exception):
    """What is wrong, for people."""


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise Failed(f"{what} within {PATIENCE} s")


class Clients:
    """Threads that write; they note when each acknowledged write began and ended."""

    def __init__(self, make_writer):
        self.stop = threading.Event()
        self.done = []
        self.threads = [threading.Thread(target=self.run, args=(make_writer(i),), daemon=True) for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, write):
        while not self.stop.is_set():
            began = time.monotonic()
            if write():
                self.done.append((began, time.monotonic()))
            time.sleep(PAUSE)

    def first_after(self, moment):
        """When the first write was acknowledged that began after it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            later = [ended for began, ended in list(self.done) if began > moment]
            if later:
                return min(later)
            time.sleep(0.005)
        raise Failed(f"no write was acknowledged within {PATIENCE} s")

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class Holdfast:
    name = "holdfast"

    def __init__(self, programs, folder):
        import grpc
        self.grpc = grpc
        subprocess.run(["protoc", "-I", str(ROOT / "real/server/grpc"), f"--python_out={folder}", f"--grpc_python_out={folder}",
                        "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", "holdfast.proto"], check=True)
        sys.path.insert(0, str(folder))
        self.api, self.stubs = importlib.import_module("holdfast_pb2"), importlib.import_module("holdfast_pb2_grpc")
        self.cluster = Cluster(programs, folder / "holdfast")
        self.cluster.configure(free_ports(4 * MEMBERS))
        self.cluster.initialise()
        self.cluster.start_all()
        self.addresses = self.cluster.grpc_addresses()

    def leader(self):
        return self.cluster.coordinator()

    def healthy(self):
        rows = self.cluster.statuses()
        return [rows.get(member, {}).get("status") for member in ALL] == ["VOTING"] * MEMBERS and self.leader() is not None

    def kill(self, member):
        self.cluster.kill(member)

    def start(self, member):
        self.cluster.start(member)

    def writer(self, _):
        options = [("grpc.initial_reconnect_backoff_ms", 20), ("grpc.min_reconnect_backoff_ms", 20),
                   ("grpc.max_reconnect_backoff_ms", 100), ("grpc.use_local_subchannel_pool", 1)]
        stubs = [self.stubs.LogStub(self.grpc.insecure_channel(address, options)) for address in self.addresses]
        state = {"target": 0}

        def write():
            try:
                stubs[state["target"]].Append(self.api.AppendRequest(entry=b"x" * 100), timeout=ANSWER)
                return True
            except self.grpc.RpcError as error:
                named = [self.api.Failure.FromString(value).coordinator_address for key, value in error.trailing_metadata() or ()
                         if key == "holdfast-failure-bin"]
                if named and named[0] in self.addresses:
                    state["target"] = self.addresses.index(named[0])
                else:
                    state["target"] = (state["target"] + 1) % MEMBERS
                return False
        return write

    def close(self):
        self.cluster.kill_all()


class Etcd(Processes):
    name = "etcd"

    def __init__(self, _, folder):
        super().__init__(folder / "etcd")
        ports = free_ports(2 * MEMBERS)
        self.clients, self.peers = ports[:MEMBERS], ports[MEMBERS:]
        for member in ALL:
            self.start(member)

    def command(self, member):
        own, peer = self.clients[member - 1], self.peers[member - 1]
        return ["etcd", "--name", f"m{member}", "--data-dir", str(self.folder / f"data{member}"), "--log-level", "error",
                "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                "--listen-client-urls", f"http://127.0.0.1:{own}", "--advertise-client-urls", f"http://127.0.0.1:{own}",
                "--initial-cluster", ",".join(f"m{i}=http://127.0.0.1:{self.peers[i - 1]}" for i in ALL),
                "--initial-cluster-token", "failover", "--initial-cluster-state", "new"]

    def ask(self, member, path, body, timeout=ANSWER):
        connection = http.client.HTTPConnection("127.0.0.1", self.clients[member - 1], timeout=timeout)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            return json.loads(text) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def leader(self):
        for member in ALL:
            status = self.ask(member, "/v3/maintenance/status", {})
            if status and status["leader"] == status["header"]["member_id"]:
                return member
        return None

    def healthy(self):
        return all(self.ask(member, "/v3/maintenance/status", {}) for member in ALL) and self.leader() is not None

    def writer(self, number):
        state = {"target": 1}

        def write():
            # 100 bytes, in base64.
            if self.ask(state["target"], "/v3/kv/put", {"key": "a2V5" + str(number) + "A==", "value": "eHh4" * 33 + "eA=="}):
                return True
            state["target"] = state["target"] % MEMBERS + 1
            return False
        return write


class ZooKeeper(ZooKeeperServers):
    name = "ZooKeeper"

    def __init__(self, _, folder):
        logging.getLogger("kazoo").setLevel(logging.CRITICAL)
        super().__init__(folder / "zookeeper", free_ports(3 * MEMBERS))

    def writer(self, number):
        from kazoo.client import KazooClient
        from kazoo.exceptions import KazooException
        retry = {"max_tries": -1, "delay": 0.01, "backoff": 1, "max_delay": 0.02}
        client = KazooClient(",".join(f"127.0.0.1:{port}" for port in self.clients), timeout=10, connection_retry=retry)
        client.start(PATIENCE)
        path = f"/client{number}"
        client.ensure_path(path)

        def write():
            try:
                client.set_async(path, b"x" * 100).get(timeout=2 * ANSWER)
                return True
            except (KazooException, client.handler.timeout_exception):
                return False
        return write


def measure(system):
    """Seconds without a write."""
    wait_until(system.healthy, f"{system.name} is whole")
    clients = Clients(system.writer)
    try:
        clients.first_after(time.monotonic())
        time.sleep(1)
        victim = system.leader()
        if victim is None:
            raise Failed(f"{system.name} lost its leader by itself")
        killed = time.monotonic()
        system.kill(victim)
        took = clients.first_after(killed) - killed
    finally:
        clients.end()
    system.start(victim)
    return took


def run(arguments, folder, times):
    """Adds to `times`, by the name of a system."""
    systems = []
    try:
        for kind in (Holdfast, Etcd, ZooKeeper):
            systems.append(kind(arguments.bin, folder))
        for _ in range(arguments.repetitions):
            for system in systems:
                times.setdefault(system.name, []).append(measure(system))
            print("  ".join(f"{name} {took[-1]:.3f}" for name, took in times.items()), flush=True)
    finally:
        for system in systems:
            system.close()
        for name, took in times.items():
            print(f"{name:9} median {statistics.median(took):.3f} s, {min(took):.3f} to {max(took):.3f} s, {len(took)} times")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--repetitions", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.repetitions < 1:
        parser.error("--repetitions wants a number, and more than none")
    for program in ("etcd", "java", "protoc"):
        if shutil.which(program) is None:
            parser.error(f"there is no {program}")
    for module in ("grpc", "google.protobuf", "kazoo"):
        try:
            importlib.import_module(module)
        except ImportError:
            parser.error(f"{sys.executable} has no module {module}; Debian's are for /usr/bin/python3")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("failover: told to stop"))
    with tempfile.TemporaryDirectory(prefix="holdfast-failover-") as folder:
        try:
            run(arguments, pathlib.Path(folder), {})
        except (Failed, OSError, subprocess.SubprocessError) as problem:
            sys.exit(f"failover: {problem}")


if __name__ == "__main__":
    main()
