#!/usr/bin/env python3
"""A member whose directory of 1 GB is deleted comes back under load: recovery.py [--bin DIR] [--dir DIR] [--megabytes N]

Fills the log of a cluster of three on loopback, then measures in this order:

  start       a member that was stopped, from its start until it votes; three times
  copy        its directory, copied over loopback TCP and synced, which is what an operator would do by hand
  peak        appends of 1 KiB as fast as they go
  before      appends at half of that rate, open loop
  recovery    the same while the directory of a member that does not coordinate is deleted and the member restarted:
              time until it votes again, with percentiles of the appends meanwhile
  after       the same again

exit codes: 0 measured; 1 something failed
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cluster import DONE, MEMBERS, Cluster, free_ports  # noqa: E402

ALL = range(1, MEMBERS + 1)
PATIENCE = 600
ENTRY = 1024


def fail(what):
    sys.exit(f"recovery: {what}")


def wait_until(condition, what):
    """The seconds that it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + PATIENCE:
            fail(f"{what} took more than {PATIENCE} s")
        time.sleep(0.02)
    return time.monotonic() - began


def is_voting(cluster, member):
    return cluster.statuses("5s").get(member, {}).get("status") == "VOTING"


def bench_command(cluster, *arguments):
    return [str(part) for part in (cluster.programs / "holdfast", "bench", "--config", cluster.client_config, "--size",
                                   f"{ENTRY}B", "--json", *arguments)]


def bench(cluster, *arguments):
    done = subprocess.run(bench_command(cluster, *arguments), capture_output=True, text=True, check=False)
    if done.returncode != DONE:
        fail(f"bench: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def fill(cluster, bytes_wanted):
    while (have := size_of(cluster.data(1))) < bytes_wanted:
        bench(cluster, "--outstanding", 256, "--time", "10s", "--warm-up", "0s")
        print(f"  {have >> 20} MB", flush=True)


def copy_over_loopback(source, target):
    """Every file through a TCP connection, and synced: seconds, and megabytes."""
    target.mkdir()
    files = sorted(path for path in source.rglob("*") if path.is_file())
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def send():
            with socket.create_connection(listener.getsockname()) as connection:
                for path in files:
                    with open(path, "rb") as file:
                        connection.sendfile(file)
        sender = threading.Thread(target=send)
        sender.start()
        connection, _ = listener.accept()
        with connection:
            for path in files:
                with open(target / path.name, "wb") as file:
                    left = path.stat().st_size
                    while left > 0:
                        data = connection.recv(min(left, 1 << 20))
                        left -= len(data)
                        file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
        sender.join()
    return time.monotonic() - began, sum(path.stat().st_size for path in files) / 1e6


def starts(cluster, member):
    seconds = []
    for _ in range(3):
        cluster.stop(member)
        began = time.monotonic()
        cluster.start(member)
        wait_until(lambda: is_voting(cluster, member), "a start")
        seconds.append(time.monotonic() - began)
    return seconds


def recover(cluster, member, rate):
    """Seconds until it votes, and what the load says of that time."""
    load = subprocess.Popen(bench_command(cluster, "--rate", rate, "--time", "3600s", "--warm-up", "1s", "--deadline", "60s"),
                            stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    cluster.kill(member)
    shutil.rmtree(cluster.data(member))
    began = time.monotonic()
    cluster.start(member)
    wait_until(lambda: is_voting(cluster, member), "the recovery")
    took = time.monotonic() - began
    load.terminate()
    told, _ = load.communicate(timeout=PATIENCE)
    return took, json.loads(told)


def show(name, told):
    print(f"{name:9} {told['throughput']:8.0f}/s  p50 {told['p50_ms']:.2f}  p99 {told['p99_ms']:.2f}  max {told['max_ms']:.1f} ms"
          f"  errors {told['errors']}", flush=True)


def run(cluster, megabytes):
    cluster.start_all()
    wait_until(lambda: cluster.coordinator() is not None, "an election")
    fill(cluster, megabytes << 20)
    member = next(member for member in ALL if member != cluster.coordinator())
    seconds = starts(cluster, member)
    print(f"start     {', '.join(f'{each:.2f}' for each in seconds)} s with {size_of(cluster.data(member)) >> 20} MB", flush=True)
    copied, copied_mb = copy_over_loopback(cluster.data(member) / "log", cluster.folder / "copy")
    print(f"copy      {copied:.2f} s for {copied_mb:.0f} MB", flush=True)
    shutil.rmtree(cluster.folder / "copy")
    peak = bench(cluster, "--outstanding", 64, "--time", "5s")
    show("peak", peak)
    rate = int(peak["throughput"] / 2)
    show("before", bench(cluster, "--rate", rate, "--time", "10s"))
    took, told = recover(cluster, member, rate)
    show("recovery", told)
    print(f"recovery  {took:.2f} s until it votes, {took / copied:.1f} times the copy", flush=True)
    show("after", bench(cluster, "--rate", rate, "--time", "10s"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--dir", help="on the disk that is measured")
    parser.add_argument("--megabytes", type=int, default=1024)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="holdfast-recovery-", dir=arguments.dir) as folder:
        cluster = Cluster(arguments.bin, pathlib.Path(folder) / "cluster")
        cluster.configure(free_ports(3 * MEMBERS))
        cluster.initialise()
        try:
            run(cluster, arguments.megabytes)
        finally:
            cluster.kill_all()


if __name__ == "__main__":
    main()
