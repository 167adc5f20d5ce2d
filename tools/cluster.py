#!/usr/bin/env python3
"""Three replicas on loopback: cluster.py --bin DIR [--dir DIR] [--port N]

Makes what is missing in --dir (configurations, and on the first run initialised data directories), starts
the members, and stops them on Ctrl-C.  `./dev cluster` calls it.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

MEMBERS = 3
# real/server/exit_code.h
DONE, NO_ANSWER = 0, 7


class ClusterError(Exception):
    """What is wrong, and what to do."""


def free_ports(count):
    """Ports that were free a moment ago, and that no outgoing connection takes by chance."""
    ports, probes = [], []
    for port in random.SystemRandom().sample(range(10_000, 32_000), 1000):
        probe = socket.socket()
        probes.append(probe)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        ports.append(port)
        if len(ports) == count:
            break
    for probe in probes:
        probe.close()
    return ports


class Cluster:
    """The files and processes of one cluster; ends no process but its own."""

    def __init__(self, programs, folder):
        self.programs = pathlib.Path(programs)
        self.folder = pathlib.Path(folder).resolve()
        self.processes = {}

    # --- files

    def config(self, member):
        return self.folder / f"member{member}.toml"

    @property
    def client_config(self):
        return self.folder / "client.toml"

    def data(self, member):
        return self.folder / f"data{member}"

    def log(self, member):
        return self.folder / f"member{member}.log"

    def configure(self, ports, more="", tables=lambda bearer: "", port_for=lambda bearer, member: None):
        """Writes the configurations; `ports` are three per member: for members, clients and HTTP; and, if there are so
        many, a fourth for gRPC for each member after these.

        `more` are further lines of [cluster]; `tables(bearer)` are whole tables of the file of a member or of
        "client"; `port_for(bearer, member)` is where a member reaches another, if not at its own port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        head = f'[cluster]\nid = {int.from_bytes(os.urandom(7), "big") | 1}\nname = "{self.folder.name}"\n{more}'

        def members(bearer):
            return "".join(
                f'\n[[members]]\nid = {i + 1}\naddress = "127.0.0.1:{port_for(bearer, i + 1) or ports[3 * i]}"\n'
                f'client_address = "127.0.0.1:{ports[3 * i + 1]}"\nhttp_address = "127.0.0.1:{ports[3 * i + 2]}"\n'
                + "".join(f'grpc_address = "127.0.0.1:{port}"\n' for port in ports[3 * MEMBERS + i:3 * MEMBERS + i + 1])
                for i in range(MEMBERS))

        for i in range(1, MEMBERS + 1):
            own = f'\n[member]\nid = {i}\ndata_directory = "{self.data(i).relative_to(self.folder)}"\n'
            self.config(i).write_text(head + own + members(i) + tables(f"member{i}"))
        # Last: who finds it finds all of them.
        self.client_config.write_text(head + members("client") + tables("client"))

    def initialise(self):
        """Once in the life of the cluster: a directory that is lost later is not initialised again."""
        done = self.folder / "initialised"
        if done.exists():
            return
        for member in range(1, MEMBERS + 1):
            if self.data(member).exists():
                continue
            result = self.call("init", config=self.config(member))
            if result.returncode != DONE:
                raise ClusterError(result.stderr.strip())
        done.touch()

    def ports(self):
        """The ports that the configuration names."""
        text = self.client_config.read_text()
        return [int(line.rstrip('"').rsplit(":", 1)[1]) for line in text.splitlines() if "address" in line]

    def http_ports(self):
        """A directory that was made before there were any has none."""
        text = self.client_config.read_text()
        return [int(line.rstrip('"').rsplit(":", 1)[1]) for line in text.splitlines() if line.startswith("http_address")]

    def grpc_addresses(self):
        return [line.split('"')[1] for line in self.client_config.read_text().splitlines() if line.startswith("grpc_address")]

    def check_ports(self):
        for port in self.ports():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise ClusterError(
                        f"port {port} cannot be used: {error.strerror}. Stop what has it (ss -ltnp shows it), "
                        f"or remove {self.folder} and choose other ports with --port") from None

    # --- processes

    def call(self, command, *arguments, config=None, stdin=None, timeout=60):
        """Runs `holdfast COMMAND` to its end."""
        line = [str(self.programs / "holdfast"), command, "--config", str(config or self.client_config)]
        return subprocess.run([*line, *map(str, arguments)], input=stdin or "", text=True, capture_output=True,
                              timeout=timeout, check=False)

    def statuses(self, deadline="1s"):
        """Member to what it says of itself; those that do not answer are left out."""
        result = self.call("status", "--json", "--deadline", deadline)
        if result.returncode not in (DONE, NO_ANSWER):
            raise ClusterError(f"status: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return {row["member"]: row for row in json.loads(result.stdout)["members"] if row["reachable"]}

    def coordinator(self):
        """None: nobody says that it is."""
        return next((member for member, row in self.statuses().items() if row["role"] == "coordinator"), None)

    def start(self, member, *arguments):
        with open(self.log(member), "ab") as log:
            self.processes[member] = subprocess.Popen(
                [str(self.programs / "holdfastd"), "--config", str(self.config(member)), *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def start_all(self):
        for member in range(1, MEMBERS + 1):
            self.start(member)

    def kill(self, member):
        self.processes[member].kill()
        self.processes.pop(member).wait()

    def kill_all(self):
        for member in list(self.processes):
            self.kill(member)

    def stop(self, member, patience=20):
        """Asks it to end; the exit code."""
        process = self.processes.pop(member)
        process.terminate()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def stop_all(self):
        for process in self.processes.values():
            process.terminate()
        return {member: self.stop(member) for member in list(self.processes)}

    def ended(self):
        """The members whose processes have ended by themselves."""
        return [member for member, process in self.processes.items() if process.poll() is not None]

    def last_lines(self, member, count=5):
        return "\n".join(self.log(member).read_text(errors="replace").splitlines()[-count:])


def explain(cluster, program):
    config = os.path.relpath(cluster.client_config)
    print(f"""three members run on loopback; their logs and data are in {os.path.relpath(cluster.folder)}

  {program} status   --config {config}
  {program} append   --config {config} 'hello'
  {program} read     --config {config}
  {program} truncate --config {config} --to 1
  {program} bench    --config {config}

  gRPC (real/server/grpc/holdfast.proto): {" ".join(cluster.grpc_addresses())}
  the cluster at a glance: {" ".join(f"http://127.0.0.1:{port}/" for port in cluster.http_ports())}

Ctrl-C stops them; the data stays.""", flush=True)


def run(arguments):
    cluster = Cluster(arguments.bin, arguments.dir)
    if not cluster.client_config.exists():
        cluster.configure([arguments.port + offset + 100 * kind for offset in range(MEMBERS) for kind in range(3)]
                          + [arguments.port + offset + 300 for offset in range(MEMBERS)])
    cluster.check_ports()
    cluster.initialise()
    asked = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _: asked.append(got))
    try:
        cluster.start_all()
        explain(cluster, os.path.relpath(cluster.programs / "holdfast"))
        while not asked:
            time.sleep(0.2)
            for member in cluster.ended():
                code = cluster.processes.pop(member).returncode
                print(f"member {member} ended with exit code {code} (docs/operations.md); the end of its log:\n"
                      f"{cluster.last_lines(member)}", file=sys.stderr, flush=True)
            if not cluster.processes:
                raise ClusterError("no member runs any more")
    finally:
        codes = cluster.stop_all()
    if bad := {member: code for member, code in codes.items() if code != DONE}:
        raise ClusterError(f"members ended badly (member: exit code): {bad}")
    print("stopped")


def main():
    parser = argparse.ArgumentParser(description="Three replicas on loopback.", prog="./dev cluster")
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--dir", default="build/cluster", help="where configurations, logs and data are (%(default)s)")
    parser.add_argument("--port", type=int, default=7001,
                        help="on the first run: members listen at this port and the next two, their clients' ports "
                             "are 100 higher, those for HTTP 200, and those for gRPC 300 (%(default)s)")
    try:
        run(parser.parse_args())
    except (ClusterError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"cluster: {error}")


if __name__ == "__main__":
    main()
