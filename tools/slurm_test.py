#!/usr/bin/env python3
"""A sweep on a real Slurm of two nodes, one of which dies in the middle: slurm_test.py PROGRAM CASE

Both nodes, their controller and Munge run on this machine, on loopback and in a folder of their own; nothing of a Slurm
that is installed here is touched.  Needs the packages of group [long] of tools/packages.txt.
"""

import getpass
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time

import sim_testing
from sim_testing import call, check, expect_exit, play

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "docs/ci/slurm-sweep.sh"
NODES = ("n1", "n2")
# Nothing here may need cgroups: it runs in containers, too.
CONFIGURATION = """
ClusterName=holdfast
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# A node that says nothing for so long is given up, and its jobs go back into the queue.
SlurmdTimeout=10
MessageTimeout=5
KillWait=5
ReturnToService=2
JobRequeue=1
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def environment_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def parent_of(pid):
    try:
        return int(re.search(r"^PPid:\s+(\d+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1))
    except OSError:
        return 0


class Slurm:
    """The daemons, from the first to the last."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = {}
        self.environment = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "SLURM_CONF": str(folder / "slurm.conf"),
                            "HOLDFAST_SIM": sim_testing.PROGRAM}

    def __enter__(self):
        for name in ("munged", "slurmctld", "slurmd", "sbatch"):
            check(shutil.which(name, path=self.environment["PATH"]),
                  f"{name} is missing; install group [long] of tools/packages.txt, as ./dev test --long does")
        self.folder.chmod(0o755)
        (self.folder / "state").mkdir()
        for node in NODES:
            (self.folder / f"spool.{node}").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, host=socket.gethostname().split(".")[0], user=getpass.getuser(), ports=free_ports(3)))
        self.start("munged", "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket",
                   f"--key-file={key}", f"--log-file={self.folder}/munged.log", f"--pid-file={self.folder}/munged.pid",
                   f"--seed-file={self.folder}/munged.seed")
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "Munge listens")
        self.start("slurmctld", "slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        self.wait_for(lambda: self.nodes() == {node: "idle" for node in NODES}, "both nodes are idle")
        return self

    def __exit__(self, *_):
        for node in NODES:
            self.kill_node(node)
        for name in list(self.daemons):
            self.stop(name)

    def start(self, name, *command):
        with open(self.folder / f"{name}.log", "a") as log:
            self.daemons[name] = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                                  stdout=log, stderr=log, start_new_session=True)

    def stop(self, name):
        program = self.daemons.pop(name)
        program.terminate()
        try:
            program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def start_node(self, node):
        self.start(node, "slurmd", "-D", "-N", node)

    def kill_node(self, node):
        """What a power cut leaves of a node: nothing."""
        daemon = self.daemons.pop(node, None)
        if daemon is None:
            return
        daemon.kill()
        daemon.wait()
        # What runs in its jobs knows its name; what started the jobs is their parent.
        mine = [f"SLURMD_NODENAME={node}".encode(), f"SLURM_CONF={self.folder}/slurm.conf".encode()]
        jobs = {int(entry) for entry in os.listdir("/proc")
                if entry.isdigit() and all(word in environment_of(entry) for word in mine)}
        steps = {parent_of(pid) for pid in jobs} - jobs - {0, 1, os.getpid()}
        for pid in steps | jobs:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def tool(self, *command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else ""

    def nodes(self):
        return dict(line.split() for line in self.tool("sinfo", "-h", "-N", "-o", "%N %T").splitlines())

    def submit(self, shards, *arguments):
        """The id of an array job that runs our script."""
        job = self.tool("sbatch", "--parsable", f"--array=0-{shards - 1}", f"--output={self.folder}/task-%a.log", SCRIPT,
                        self.folder / "sweep", str(shards), *map(str, arguments))
        check(job, "the job is taken")
        return job

    def tasks(self, job):
        """Of tasks that are not over: state, node, and how often it was put back, by number."""
        found = {}
        for block in self.tool("scontrol", "show", "job", job).split("\n\n"):
            fields = dict(re.findall(r"(\w+)=(\S*)", block))
            if fields.get("ArrayTaskId", "").isdigit():
                found[int(fields["ArrayTaskId"])] = (fields["JobState"], fields.get("BatchHost"), int(fields["Restarts"]))
        return found

    def wait_for(self, condition, what, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.show()
            check(time.monotonic() <= deadline, f"not within {seconds} s: {what}")
            time.sleep(0.3)

    def show(self):
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text()[-1500:]}")
        print(self.tool("squeue", "-a"), self.tool("sinfo"))


def seeds_of(folder, shard, shards):
    part = folder / f"sweep/shard-{shard:0{len(str(shards))}}-of-{shards}.part.json"
    try:
        return json.loads(part.read_text())["sums"]["seeds"]
    except OSError:
        return 0


def reference(folder, *arguments):
    """The digest of the same seeds, played here in one piece."""
    whole = call("sweep", "--shard", "0/1", "--out", "reference", *arguments, cwd=folder)
    expect_exit(whole, 0)
    expect_exit(call("merge", "reference", "--json", "reference.json", cwd=folder), 0)
    return json.loads((folder / "reference.json").read_text())["sums"]


def sweep_with_a_death(folder, shards, *arguments):
    """Sends one task back into the queue, and kills the node of another; returns the merged account."""
    with Slurm(folder) as slurm:
        job = slurm.submit(shards, *arguments)

        def victim(node):
            """A task on the node that has written down some seeds."""
            for number, (state, where, _) in sorted(slurm.tasks(job).items()):
                if state == "RUNNING" and where == node and seeds_of(folder, number, shards) > 0:
                    return number
            return None

        # As when the time limit is near.
        slurm.wait_for(lambda: victim("n1") is not None, "a task of n1 has played something")
        early = victim("n1")
        slurm.start("scancel", "scancel", "--batch", "--signal=USR1", f"{job}_{early}")
        slurm.wait_for(lambda: slurm.tasks(job).get(early, ("", "", 0))[2] >= 1, f"task {early} was put back")
        # It would go on asking, since the task is no longer there to be told.
        slurm.stop("scancel")
        slurm.wait_for(lambda: victim("n2") is not None, "a task of n2 has played something")
        dead = victim("n2")
        before = seeds_of(folder, dead, shards)
        slurm.kill_node("n2")
        print(f"task {early} was put back, task {dead} lost its node after {before} seeds")
        slurm.wait_for(lambda: slurm.nodes().get("n2", "").startswith("down"), "n2 is given up")
        slurm.wait_for(lambda: slurm.tasks(job).get(dead, ("", "", 0))[2] >= 1, f"task {dead} is put back into the queue")
        slurm.start_node("n2")
        slurm.wait_for(lambda: not slurm.tool("squeue", "-h", "-j", job), "all tasks are over", seconds=1200)
        for number in (early, dead):
            log = (folder / f"task-{number}.log").read_text()
            check("goes on after" in log and "is finished: " in log, f"task {number} went on where it was:\n{log}")
    merged = call("merge", "sweep", "--json", "merged.json", cwd=folder)
    expect_exit(merged, 0)
    return json.loads((folder / "merged.json").read_text())


def compare(account, whole, seeds):
    check(account["missing"] == account["unfinished"] == account["overlapping"] == account["refused"] == [],
          "every shard is there, once")
    check(account["sums"]["seeds"] == account["seeds_asked"] == seeds, f"{seeds} seeds are counted")
    for field in set(whole) - {"real_ns"}:
        check(account["sums"][field] == whole[field], f"{field} is as of one machine that played all of them")
    print(f"{seeds} seeds, digest {whole['digest']}")


def wipes(folder):
    """100,000 cheap seeds."""
    arguments = ("--scenario", "wipes", "--no-double-runs", "--seeds", 100_000)
    account = sweep_with_a_death(folder, 8, *arguments)
    compare(account, reference(folder, *arguments), 100_000)


def swarm(folder):
    """A few of the swarm."""
    arguments = ("--scenario", "swarm", "--no-double-runs", "--seeds", 1_200)
    account = sweep_with_a_death(folder, 4, *arguments)
    compare(account, reference(folder, *arguments), 1_200)


CASES = {f.__name__: f for f in (wipes, swarm)}

if __name__ == "__main__":
    play(CASES)
