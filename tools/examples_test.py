#!/usr/bin/env python3
"""Installs the libraries, builds tools/examples/ with them, and runs these: examples_test.py BUILD-DIRECTORY COMPILER"""

import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from cluster import MEMBERS, Cluster, free_ports

EXAMPLES = pathlib.Path(__file__).resolve().parent / "examples"
PATIENCE = 60  # seconds: for a busy machine


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def run(*command, stdin=""):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=500,
                          check=False)
    check(done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make(build, compiler, folder):
    """The folder with the programs."""
    run("cmake", "--install", build, "--component", "dev", "--prefix", folder / "installed")
    run("cmake", "-S", EXAMPLES, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
        f"-DCMAKE_PREFIX_PATH={folder / 'installed'}")
    run("ninja", "-C", folder / "build")
    return folder / "build"


def test_client(cluster, programs):
    cluster.start_all()
    config = cluster.client_config.read_text()
    number = next(line.split("=")[1].strip() for line in config.splitlines() if line.startswith("id ="))
    addresses = [line.split('"')[1] for line in config.splitlines() if line.startswith("client_address")]
    lines = [f"line {i}" for i in range(200)]
    said = run(programs / "copy_lines", number, *addresses, stdin="\n".join(lines))
    check([row.split("\t")[1] for row in said.splitlines()] == lines, f"the log holds what was appended: {said}")
    # What it wrote is what the command line reads.
    check(cluster.call("read").stdout == said, "the command line reads the same")


class Members:
    """Processes that are members; ended whatever happens."""

    def __init__(self, cluster, program):
        self.cluster, self.program, self.processes = cluster, program, {}

    def start(self, member):
        self.output(member).unlink(missing_ok=True)
        with open(self.output(member), "wb") as out, open(self.cluster.log(member), "ab") as log:
            self.processes[member] = subprocess.Popen(
                [str(self.program), str(self.cluster.config(member)), "10"], stdin=subprocess.DEVNULL, stdout=out,
                stderr=log)

    def output(self, member):
        return self.cluster.folder / f"out{member}"

    def await_sum(self, member):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.output(member).read_text() == "10 numbers, sum 55\n":
                return
            time.sleep(0.05)
        check(False, f"member {member} knows the sum; it says {self.output(member).read_text()!r}, and its log:\n"
                     f"{self.cluster.last_lines(member, 20)}")

    def end_all(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


def test_member(cluster, programs):
    members = Members(cluster, programs / "replicated_sum")
    try:
        for member in range(1, MEMBERS + 1):
            members.start(member)
        for member in range(1, MEMBERS + 1):
            members.await_sum(member)
        # It comes back with what it had on its disk.
        members.processes[1].kill()
        members.processes[1].wait()
        members.start(1)
        members.await_sum(1)
        for process in members.processes.values():
            process.send_signal(signal.SIGTERM)
        for member, process in members.processes.items():
            check(process.wait(PATIENCE) == 0, f"member {member} ends cleanly")
    finally:
        members.end_all()


def main():
    build, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="holdfast-examples-") as folder:
        folder = pathlib.Path(folder)
        programs = make(build, compiler, folder)
        for name, test in (("client", test_client), ("member", test_member)):
            cluster = Cluster(build / "bin", folder / name)
            cluster.configure(free_ports(3 * MEMBERS))
            cluster.initialise()
            try:
                test(cluster, programs)
            finally:
                cluster.stop_all()
    print("the examples: passed")


if __name__ == "__main__":
    main()
