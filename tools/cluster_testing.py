"""What tests of real clusters have in common: checks that show what the members said, a log that is checked
everywhere, certificates."""

import json
import pathlib
import re
import subprocess
import sys
import time

from cluster import MEMBERS, Cluster, ClusterError, free_ports

ALL = range(1, MEMBERS + 1)
PATIENCE = 60  # seconds: for a busy machine
# real/server/exit_code.h
DONE, USAGE, DAMAGED, FOREIGN, IN_USE, REFUSED, NO_ANSWER, UNKNOWN, ADDRESS = 0, 2, 3, 4, 5, 6, 7, 8, 9


def check(condition, what, cluster=None, result=None):
    if condition:
        return
    if result is not None:
        print(f"{result.args}: exit {result.returncode}\n--- stdout\n{result.stdout[-3000:]}\n--- stderr\n"
              f"{result.stderr[-3000:]}")
    if cluster is not None:
        for member in ALL:
            if cluster.log(member).exists():
                print(f"--- log of member {member}\n{cluster.last_lines(member, 40)}")
    sys.exit(f"FAILED: {what}")


def wait_until(condition, what, cluster):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    check(False, f"{what} within {PATIENCE} s", cluster)


def status(cluster):
    """Member to what it says of itself; those that do not answer are left out."""
    try:
        return cluster.statuses()
    except ClusterError as error:
        check(False, f"status works: {error}", cluster)
        raise


def votes(cluster, members=ALL):
    seen = status(cluster)
    return all(m in seen and seen[m]["status"] == "VOTING" for m in members)


def coordinators(cluster):
    return [member for member, row in status(cluster).items() if row["role"] == "coordinator"]


def the_coordinator(cluster):
    """Once there is one; two may hold themselves for it for a moment, and a busy one may be late to say so."""
    found = []

    def is_one():
        found[:] = coordinators(cluster)
        return len(found) == 1
    wait_until(is_one, "one member coordinates", cluster)
    return found[0]


class Log:
    """What was appended and acknowledged, by position; what may have been written besides."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.entries = {}
        self.unknown = set()
        self.count = 0

    def append(self, lines):
        """Appends entries one by one, through failovers."""
        for _ in range(lines):
            self.count += 1
            entry = f"entry {self.count}"
            result = self.cluster.call("append", "--deadline", f"{PATIENCE}s", entry, timeout=2 * PATIENCE)
            if result.returncode == UNKNOWN:
                self.unknown.add(entry)
                continue
            check(result.returncode == DONE, "an append succeeds", self.cluster, result)
            self.note(int(result.stdout), entry)

    def append_lines(self, lines):
        entries = [f"entry {self.count + i + 1}" for i in range(lines)]
        self.count += lines
        result = self.cluster.call("append", stdin="".join(e + "\n" for e in entries))
        check(result.returncode == DONE, "lines are appended", self.cluster, result)
        positions = [int(line) for line in result.stdout.splitlines()]
        check(len(positions) == lines and positions == sorted(positions), "positions rise", self.cluster, result)
        for position, entry in zip(positions, entries):
            self.note(position, entry)

    def note(self, position, entry):
        check(position not in self.entries, f"position {position} was acknowledged twice", self.cluster)
        self.entries[position] = entry

    def read(self, member):
        result = self.cluster.call("read", "--member", member, "--json", "--deadline", f"{PATIENCE}s",
                                   timeout=2 * PATIENCE)
        if result.returncode != DONE:
            return result, None
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        return result, {row["position"]: row["text"] for row in rows}

    def check_everywhere(self):
        """Everything acknowledged is read from each member, and nothing that was never appended."""
        logs = {}
        for member in ALL:
            # A read includes whatever was acknowledged before it, at any member.
            result, found = self.read(member)
            check(found is not None, f"member {member} is read", self.cluster, result)
            for position, entry in self.entries.items():
                check(found.get(position) == entry,
                      f"member {member}: position {position} holds {found.get(position)!r}, not {entry!r}",
                      self.cluster)
            extra = set(found.values()) - set(self.entries.values())
            check(extra <= self.unknown, f"member {member}: nobody appended {extra - self.unknown}", self.cluster)
            check(len(found) == len(set(found.values())), f"member {member}: an entry stands twice", self.cluster)
            logs[member] = found
        check(len({json.dumps(log) for log in logs.values()}) == 1, "all members hold the same log", self.cluster)


def running(programs, folder):
    cluster = Cluster(programs, folder)
    cluster.configure(free_ports(3 * MEMBERS))
    cluster.initialise()
    cluster.start_all()
    return cluster


def memory(cluster):
    """Of all members, in MB."""
    return sum(int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)[1])
               for process in cluster.processes.values()) // 1024


class Authority:
    """Signs certificates, as files of a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / f"{name}.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                     "-keyout", folder / f"{name}.key", "-out", self.certificate, "-subj", f"/CN={name}")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, bearer):
        """The files of the certificate, and of its key."""
        certificate, key = self.folder / f"{bearer}.pem", self.folder / f"{bearer}.key"
        request = self.folder / f"{bearer}.csr"
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                     "-out", request, "-subj", f"/CN={bearer}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / f"{self.name}.key",
                     "-days", "1", "-out", certificate)
        return certificate, key

    def table(self, bearer, more=""):
        certificate, key = self.issue(bearer)
        return (f'\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthority = "{self.certificate}"\n{more}')


def snapshot(folder):
    """The content of every file below."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
