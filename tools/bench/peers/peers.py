#!/usr/bin/env python3
"""Appends to holdfast, over its own protocol, over that with TLS, and over gRPC, next to puts to etcd, ZooKeeper and C-raft,
in one run on one machine: three members each, on loopback, durable.

peers.py --bin DIR [--dir DIR] [--seconds S] [--repetitions N] [--sizes 100,1024] [--points 64/1,..] [--systems etcd,..]
         [--json FILE] [--markdown FILE]

Every point is measured in turns, one system after the other, --repetitions times; what is told is the median. All systems
together need Debian's packages etcd-server, libnghttp2-dev, zookeeper, libzookeeper-st-dev, libraft-dev and libuv1-dev, and
in --bin the programs of `ninja -C build/release holdfast holdfastd grpc-load zookeeper-load raft-server raft-load`.

exit codes: 0 measured; 1 a system failed; 2 bad usage, or a program is missing
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from cluster import MEMBERS, Cluster, free_ports  # noqa: E402
from cluster_testing import Authority  # noqa: E402
from zookeeper_servers import ZooKeeperServers  # noqa: E402

# (outstanding, connections)
POINTS = [(1, 1), (8, 1), (8, 8), (64, 1), (64, 8), (64, 64), (256, 1), (256, 8), (256, 64)]
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """What is wrong, for people."""


def metric(port, name):
    """The sum of a metric over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.M))


class System:
    """Processes, and what they have used so far."""
    # Of ours, in --bin; and of Debian's packages.
    programs_wanted = ()
    commands_wanted = ()
    packages = ""

    def __init__(self):
        self.processes = []

    def processor(self):
        seconds = 0
        for process in self.processes:
            fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            seconds += (int(fields[11]) + int(fields[12])) / TICKS
        return seconds

    def memory(self):
        """Of all members, in MB."""
        return sum(int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)[1])
                   for process in self.processes) / 1024

    def ended(self):
        """What became of processes that are no more, for people."""
        return [f"{self.name}: process {process.pid} ended with {process.poll()}" for process in self.processes
                if process.poll() is not None]

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)


class Holdfast(System):
    name = "holdfast"
    programs_wanted = ("holdfast", "holdfastd")
    # Of each member.
    ports = 3

    def __init__(self, programs, folder):
        super().__init__()
        self.cluster = Cluster(programs, folder / self.name)
        self.configure(folder)
        self.cluster.initialise()
        self.cluster.start_all()
        self.processes = list(self.cluster.processes.values())
        wait_for(lambda: self.cluster.coordinator() is not None, "holdfast")

    def configure(self, _):
        self.cluster.configure(free_ports(self.ports * MEMBERS))

    def load(self, outstanding, connections, size, seconds):
        done = self.cluster.call("bench", "--outstanding", outstanding, "--connections", connections, "--size", f"{size}B",
                                 "--time", f"{seconds}s", "--warm-up", "1s", "--json", timeout=120)
        if done.returncode != 0:
            raise Failed(f"holdfast bench: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def syncs(self):
        return sum(metric(port, "holdfast_disk_seconds_count") for port in self.cluster.http_ports())


class HoldfastTls(Holdfast):
    """Between members and from the client."""
    name = "TLS"

    def configure(self, folder):
        authority = Authority(folder / "pki", "authority")
        self.cluster.configure(free_ports(self.ports * MEMBERS), tables=authority.table)


def call_load(loader, *arguments):
    done = subprocess.run([str(part) for part in (loader, *arguments, 1)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Failed(f"{loader}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class HoldfastUnary(Holdfast):
    """One call for each append, as from any language."""
    name = "gRPC"
    programs_wanted = ("holdfast", "holdfastd", "grpc-load")
    packages = "libnghttp2-dev"
    ports = 4

    def __init__(self, programs, folder):
        super().__init__(programs, folder)
        self.loader = pathlib.Path(programs) / "grpc-load"

    def load(self, outstanding, connections, size, seconds):
        port = self.cluster.grpc_addresses()[self.cluster.coordinator() - 1].rsplit(":", 1)[1]
        return call_load(self.loader, "holdfast", "127.0.0.1", port, outstanding, connections, size, seconds)


class Etcd(System):
    name = "etcd"
    programs_wanted = ("grpc-load",)
    commands_wanted = ("etcd",)
    packages = "etcd-server libnghttp2-dev"

    def __init__(self, programs, folder):
        super().__init__()
        self.loader = pathlib.Path(programs) / "grpc-load"
        folder = folder / "etcd"
        folder.mkdir(parents=True)
        ports = free_ports(2 * MEMBERS)
        self.clients, peers = ports[:MEMBERS], ports[MEMBERS:]
        everybody = ",".join(f"m{i}=http://127.0.0.1:{port}" for i, port in enumerate(peers))
        for i in range(MEMBERS):
            with open(folder / f"m{i}.log", "ab") as log:
                self.processes.append(subprocess.Popen(
                    ["etcd", "--name", f"m{i}", "--data-dir", folder / f"data{i}", "--log-level", "error",
                     "--listen-peer-urls", f"http://127.0.0.1:{peers[i]}",
                     "--initial-advertise-peer-urls", f"http://127.0.0.1:{peers[i]}",
                     "--listen-client-urls", f"http://127.0.0.1:{self.clients[i]}",
                     "--advertise-client-urls", f"http://127.0.0.1:{self.clients[i]}",
                     "--initial-cluster", everybody, "--initial-cluster-token", "peers",
                     "--initial-cluster-state", "new"], stdout=log, stderr=log))
        wait_for(lambda: self.leader() is not None, "etcd")

    def leader(self):
        """Its clients' port: loads go to the leader, as they do with holdfast."""
        for port in self.clients:
            try:
                if metric(port, "etcd_server_is_leader") == 1:
                    return port
            except OSError:
                pass
        return None

    def load(self, outstanding, connections, size, seconds):
        return call_load(self.loader, "etcd", "127.0.0.1", self.leader(), outstanding, connections, size, seconds)

    def syncs(self):
        return sum(metric(port, "etcd_disk_wal_fsync_duration_seconds_count") +
                   metric(port, "etcd_disk_backend_commit_duration_seconds_count") for port in self.clients)


class ZooKeeper(System):
    name = "ZooKeeper"
    programs_wanted = ("zookeeper-load",)
    commands_wanted = ("java",)
    packages = "zookeeper libzookeeper-st-dev"

    def __init__(self, programs, folder):
        super().__init__()
        self.loader = pathlib.Path(programs) / "zookeeper-load"
        self.servers = ZooKeeperServers(folder / "zookeeper", free_ports(3 * MEMBERS))
        self.processes = list(self.servers.processes.values())
        wait_for(self.servers.healthy, "ZooKeeper")

    def load(self, outstanding, connections, size, seconds):
        port = self.servers.clients[self.servers.leader() - 1]
        return call_load(self.loader, "127.0.0.1", port, outstanding, connections, size, seconds)

    def syncs(self):
        """It counts none."""
        return 0


class Raft(System):
    name = "C-raft"
    programs_wanted = ("raft-server", "raft-load")
    packages = "libraft-dev libuv1-dev"

    def __init__(self, programs, folder):
        super().__init__()
        self.programs = pathlib.Path(programs)
        folder = folder / "raft"
        folder.mkdir(parents=True)
        ports = free_ports(2 * MEMBERS)
        self.clients = ports[:MEMBERS]
        addresses = [f"127.0.0.1:{port}" for port in ports[MEMBERS:]]
        for i in range(MEMBERS):
            with open(folder / f"m{i}.log", "ab") as log:
                self.processes.append(subprocess.Popen(
                    [self.programs / "raft-server", str(i + 1), folder / f"data{i}", str(self.clients[i]), *addresses],
                    stdout=log, stderr=log))
        wait_for(lambda: self.leader() is not None, "C-raft")

    def leader(self):
        return next((port for port in self.clients
                     if subprocess.run([self.programs / "raft-load", "127.0.0.1", str(port)], capture_output=True).returncode == 0),
                    None)

    def load(self, outstanding, connections, size, seconds):
        return call_load(self.programs / "raft-load", "127.0.0.1", self.leader(), outstanding, connections, size, seconds)

    def syncs(self):
        """It counts none."""
        return 0


SYSTEMS = {kind.name: kind for kind in (Holdfast, HoldfastTls, HoldfastUnary, Etcd, ZooKeeper, Raft)}


def wait_for(condition, what):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if condition():
            time.sleep(2)
            return
        time.sleep(0.1)
    raise Failed(f"{what} does not come up within 60 s")


def raw_syncs(folder):
    """How often a second one file can be appended to and synced."""
    path = folder / "raw"
    count, end = 0, time.monotonic() + 1
    with open(path, "wb", buffering=0) as file:
        while time.monotonic() < end:
            file.write(b"x" * 200)
            os.fdatasync(file.fileno())
            count += 1
    path.unlink()
    return count


def disk_bytes(folder):
    """Written to the device, by anybody: what the kernel counts for a process are whole folios, which may be large."""
    device = folder.stat().st_dev
    for line in pathlib.Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)):
            return int(fields[9]) * 512
    return 0


def busy_seconds():
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def measure(system, point, size, seconds, folder):
    busy, used, written, syncs = busy_seconds(), system.processor(), disk_bytes(folder), system.syncs()
    told = system.load(*point, size, seconds)
    if ended := system.ended():
        raise Failed("\n".join(ended))
    # The counters run over the warm-up as well.
    appends = told["appends"] * (seconds + 1) / seconds
    used = system.processor() - used
    clients = told["client_cpu_seconds"] * (seconds + 1) / seconds
    return {"throughput": told["throughput"], "p50_ms": told["p50_ms"], "p99_ms": told["p99_ms"],
            "cpu_per_1000": 1000 * used / appends, "bytes_per_append": (disk_bytes(folder) - written) / appends,
            "syncs_per_append": (system.syncs() - syncs) / appends, "memory_mb": system.memory(),
            "foreign_cpu": max(0.0, (busy_seconds() - busy - used - clients) / (seconds + 1))}


def run(arguments):
    folder = pathlib.Path(arguments.dir).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    systems, rows = [], []
    try:
        for name in arguments.systems.split(","):
            systems.append(SYSTEMS[name](arguments.bin, folder))
        for size in (int(text) for text in arguments.sizes.split(",")):
            for point in (tuple(map(int, text.split("/"))) for text in arguments.points.split(",")):
                runs = {system.name: [] for system in systems}
                syncs = []
                for _ in range(arguments.repetitions):
                    for system in systems:
                        syncs.append(raw_syncs(folder))
                        runs[system.name].append(measure(system, point, size, arguments.seconds, folder))
                for name, measured in runs.items():
                    row = {"system": name, "bytes": size, "outstanding": point[0], "connections": point[1],
                           "raw_syncs": statistics.median(syncs)}
                    row |= {key: statistics.median(each[key] for each in measured) for key in measured[0]}
                    rows.append(row)
                    print(f"{name:9} {size:5} B  {point[0]:3} outstanding, {point[1]:2} connections: {row['throughput']:8.0f}/s  "
                          f"p50 {row['p50_ms']:7.3f}  p99 {row['p99_ms']:7.3f} ms  {row['cpu_per_1000']:.3f} CPU s/1000  "
                          f"{row['syncs_per_append']:.3f} syncs  {row['bytes_per_append']:.0f} B  {row['memory_mb']:.0f} MB  "
                          f"foreign {row['foreign_cpu']:.2f}", flush=True)
    except (Failed, OSError, subprocess.TimeoutExpired) as problem:
        ended = [line for system in systems for line in system.ended()]
        raise Failed("\n".join([str(problem), *ended, f"logs and data are in {folder}"])) from problem
    finally:
        for system in systems:
            system.stop()
    shutil.rmtree(folder, ignore_errors=True)
    return rows


def markdown(rows):
    lines = ["| bytes | outstanding / connections | system | a second | p50 ms | p99 ms | CPU s per 1,000 | syncs per append | "
             "disk bytes per append | MB | foreign CPU |", "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(f"| {row['bytes']} | {row['outstanding']} / {row['connections']} | {row['system']} | {row['throughput']:,.0f} | "
                     f"{row['p50_ms']:.2f} | {row['p99_ms']:.2f} | {row['cpu_per_1000']:.3f} | {row['syncs_per_append']:.2f} | "
                     f"{row['bytes_per_append']:,.0f} | {row['memory_mb']:.0f} | {row['foreign_cpu']:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--dir", default="build/peers", help="data directories; on the disk that is measured")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--sizes", default="100,1024")
    parser.add_argument("--points", default=",".join(f"{o}/{c}" for o, c in POINTS), help="outstanding/connections")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="of these")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    arguments = parser.parse_args()
    if arguments.seconds < 1 or arguments.repetitions < 1 or not re.fullmatch(r"\d+(,\d+)*", arguments.sizes):
        parser.error("--seconds, --repetitions and --sizes want numbers, and more than none")
    if not re.fullmatch(r"\d+/\d+(,\d+/\d+)*", arguments.points) or not set(arguments.systems.split(",")) <= SYSTEMS.keys():
        parser.error("--points wants OUTSTANDING/CONNECTIONS,..; --systems wants some of " + ",".join(SYSTEMS))
    for name in arguments.systems.split(","):
        system = SYSTEMS[name]
        for command in system.commands_wanted:
            if shutil.which(command) is None:
                parser.error(f"{name} wants {command}: apt-get install {system.packages}")
        for program in system.programs_wanted:
            if not (pathlib.Path(arguments.bin) / program).exists():
                installed = f"apt-get install {system.packages}; " if system.packages else ""
                parser.error(f"{name} wants {program} in {arguments.bin}: {installed}ninja -C build/release {program}")
    try:
        rows = run(arguments)
    except Failed as problem:
        sys.exit(f"peers: {problem}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.markdown:
        pathlib.Path(arguments.markdown).write_text(markdown(rows))


if __name__ == "__main__":
    main()
