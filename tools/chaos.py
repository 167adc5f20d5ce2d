#!/usr/bin/env python3
"""A real cluster under faults, judged by the properties: chaos.py --build build/release [--seconds N] [--seed S]

Three members run on loopback behind links that can be broken, with clients that write, read and truncate.  They are
killed, paused, parted, wiped, their clocks run at other speeds, and their disks fail or fill up.  In the end
everything is mended and read, what the members said of every step, with what the clients saw, goes to
`holdfast-sim judge`, and every life of a member is lived again by `holdfast-sim replay`.  Ends no process but its own.

The member whose disk fills up has one of its own, a tmpfs, which only root can mount; without it that fault is left out.

The seed draws the faults; when they hit is up to the machine.
"""

import argparse
import collections
import errno
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cluster import DONE, MEMBERS, Cluster, ClusterError, free_ports
from links import Links

ALL = range(1, MEMBERS + 1)
STORAGE_FAILED, DISK_FULL = 10, 11
# Has a disk of its own, of so many bytes.
SMALL = 3
SMALL_DISK = 1 << 29
# What a coordinator wants to be free (store.reserve), and what is left when it is not to have that.
RESERVE = 64 << 20
MiB = 1 << 20
# For what must be in the end, on a busy machine.
PATIENCE = 120


class ChaosError(ClusterError):
    """What went wrong, other than what is judged."""


class ChaosCluster(Cluster):
    """Its member SMALL has its data on a disk of its own."""

    def disk(self, member):
        return self.folder / f"disk{member}"

    def data(self, member):
        return self.disk(member) / "data"


class World:
    """The cluster, its links, and the notes of what is done to it."""

    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        ports = free_ports(3 * MEMBERS + MEMBERS * (MEMBERS - 1))
        own, between = ports[:3 * MEMBERS], ports[3 * MEMBERS:]
        pairs = dict(zip([(i, j) for i in ALL for j in ALL if i != j], between))
        self.cluster = ChaosCluster(self.build / "bin", self.folder / "cluster")
        for member in ALL:
            self.cluster.disk(member).mkdir(parents=True)
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "holdfast-chaos",
                                       self.cluster.disk(SMALL)], capture_output=True, check=False).returncode == 0
        self.cluster.configure(own, port_for=lambda bearer, member: pairs.get((bearer, member)))
        try:
            self.cluster.initialise()
        except ClusterError:
            self.unmount()
            raise
        self.links = Links(pairs, {i: own[3 * (i - 1)] for i in ALL})
        self.ports = {i: own[3 * (i - 1):3 * i] for i in ALL}
        self.lives = 0
        self.rates = {member: 1 for member in ALL}
        self.traces, self.recordings = [], []
        self.notes = open(self.folder / "deeds.notes", "w", encoding="utf-8", buffering=1)

    def note(self, member, deed):
        self.notes.write(f"{time.monotonic_ns()} {member} {deed}\n")

    def start(self, member):
        self.lives += 1
        trace = self.folder / f"member{member}-life{self.lives}.trace"
        recording = trace.with_suffix(".recording")
        self.cluster.start(member, "--trace", trace, "--record", recording, "--clock-rate", str(self.rates[member]))
        self.traces.append(trace)
        self.recordings.append(recording)

    def forget_unborn(self):
        """Who was killed before it had made its files did nothing."""
        for files in (self.traces, self.recordings):
            files[:] = [file for file in files if file.exists() and file.stat().st_size > 0]

    def close(self):
        self.links.close()
        self.unmount()

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", self.cluster.disk(SMALL)], check=False)
            self.mounted = False

    def end(self, member, number):
        """With a signal that it does not survive."""
        self.cluster.processes[member].send_signal(number)
        return self.await_end(member, f"did not end of signal {number}")

    def await_end(self, member, otherwise):
        """The exit code; what is wrong if it goes on."""
        process = self.cluster.processes.pop(member)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ChaosError(f"member {member} {otherwise} within {PATIENCE} s") from None
        self.note(member, "crash")
        return code

    def await_failure(self, member, wanted):
        """It ends by itself, because its disk fails."""
        code = self.await_end(member, "did not notice that its disk fails")
        if code not in wanted:
            raise ChaosError(f"member {member} ended with {code}, not one of {wanted}:\n"
                             f"{self.cluster.last_lines(member, 20)}")

    def statuses(self):
        """Member to status, of those that answer."""
        return {member: row["status"] for member, row in self.cluster.statuses("2s").items()}

    def all_vote(self):
        return [self.statuses().get(i) for i in ALL] == ["VOTING"] * MEMBERS

    def check_alive(self):
        for member in self.cluster.ended():
            code = self.cluster.processes.pop(member).returncode
            raise ChaosError(f"member {member} ended by itself with {code}:\n{self.cluster.last_lines(member, 30)}")


# --- faults: each is begun, and mended when its time is over

class Fault:
    # Seconds, drawn between these.
    lasts = (0.5, 6.0)

    def __init__(self, world, member):
        self.world, self.member = world, member

    def possible(self):
        return True

    def begin(self):
        raise NotImplementedError

    def has_hit(self):
        """Whether it did what it is for; what has not is mended after those that have, which may be in its way."""
        return True

    def mend(self):
        raise NotImplementedError


class Restarted(Fault):
    """Ends the process, and starts it again later."""
    lasts = (0.1, 3.0)
    number = signal.SIGKILL

    def begin(self):
        self.world.end(self.member, self.number)

    def mend(self):
        self.world.start(self.member)


class Kill(Restarted):
    pass


class Stop(Restarted):
    number = signal.SIGTERM

    def begin(self):
        code = self.world.end(self.member, self.number)
        if code != DONE:
            raise ChaosError(f"member {self.member} was asked to end, and did with {code}")


class Drift(Restarted):
    """From its next life on its clock runs at another speed than the others'."""

    def mend(self):
        self.world.rates[self.member] = random.choice((0.5, 0.8, 1, 1.25, 2))
        self.world.start(self.member)


class Abort(Restarted):
    number = signal.SIGABRT


class KillAll(Fault):
    lasts = (0.1, 1.5)

    def possible(self):
        return self.member == 1

    def begin(self):
        for member in ALL:
            self.world.end(member, signal.SIGKILL)

    def mend(self):
        for member in ALL:
            self.world.start(member)


class Pause(Fault):
    def begin(self):
        self.world.cluster.processes[self.member].send_signal(signal.SIGSTOP)

    def mend(self):
        self.world.cluster.processes[self.member].send_signal(signal.SIGCONT)


class Linked(Fault):
    outgoing = incoming = True

    def pairs(self):
        return self.world.links.of(self.member, self.outgoing, self.incoming)

    def begin(self):
        self.world.links.hold(self.pairs())

    def mend(self):
        self.world.links.mend(self.pairs())


class Isolate(Linked):
    pass


class Deafen(Linked):
    outgoing = False


class Mute(Linked):
    incoming = False


class Cut(Linked):
    def begin(self):
        self.world.links.cut(self.pairs())


class Slow(Linked):
    def begin(self):
        self.world.links.slow(self.pairs(), random.uniform(0.01, 0.3))


class Wipe(Fault):
    """Its disk is lost.  Only while all others have theirs."""
    lasts = (0.1, 2.0)

    def possible(self):
        return self.world.all_vote()

    def begin(self):
        self.world.end(self.member, signal.SIGKILL)
        shutil.rmtree(self.world.cluster.data(self.member))
        self.world.note(self.member, "wipe")

    def mend(self):
        self.world.start(self.member)


class DiskFails(Fault):
    """From now on no file grows; the next write fails, and the member ends rather than to go on."""
    lasts = (0.1, 2.0)

    def possible(self):
        # One that is about to open its directory and its trace would end in another way.
        return self.member in self.world.statuses()

    def begin(self):
        process = self.world.cluster.processes[self.member]
        self.world.note(self.member, "disk")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def has_hit(self):
        # Nothing is written while the others cannot: one is paused, say, and the clients wait for it.
        return self.world.cluster.processes[self.member].poll() is not None

    def mend(self):
        self.world.await_failure(self.member, (STORAGE_FAILED, DISK_FULL))
        self.world.start(self.member)


class DiskFills(Fault):
    """Something else takes what is free: most of it, so that this member takes no appends if it coordinates, or all, so
    that it ends rather than to go on, if it is to write."""
    lasts = (1.0, 6.0)

    def possible(self):
        return self.world.mounted and self.member == SMALL and self.member in self.world.statuses()

    def ballast(self):
        return self.world.cluster.disk(self.member) / "ballast"

    def said(self, event):
        return self.world.cluster.log(self.member).read_text().count(f"event={event} ")

    def begin(self):
        self.before = {event: self.said(event) for event in ("disk_low", "disk_well")}
        self.all = random.random() < 0.5
        # What is left may be written full as well.
        self.world.note(self.member, "disk")
        with open(self.ballast(), "wb", buffering=0) as file:
            free = shutil.disk_usage(self.ballast()).free
            left = 0 if self.all else RESERVE // 2
            try:
                for _ in range((free - left) // MiB + self.all):
                    file.write(bytes(MiB))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def mend(self):
        process = self.world.cluster.processes[self.member]
        # Who has written all there is to write ends before it looks.
        if process.poll() is None and self.said("disk_low") == self.before["disk_low"]:
            raise ChaosError(f"member {self.member} did not notice that its disk fills up")
        self.ballast().unlink()
        # It may be about to end of a write that failed before.
        end = time.monotonic() + 2
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
        if process.poll() is not None:
            self.world.await_failure(self.member, (STORAGE_FAILED, DISK_FULL))
            self.world.start(self.member)
        elif self.said("disk_well") == self.before["disk_well"]:
            raise ChaosError(f"member {self.member} did not notice that its disk has space again")


class Garbage(Fault):
    """Strangers at all its ports."""
    lasts = (0.1, 0.2)

    def begin(self):
        for port in self.world.ports[self.member]:
            for _ in range(20):
                with socket.socket() as stranger:
                    stranger.settimeout(1)
                    try:
                        stranger.connect(("127.0.0.1", port))
                        stranger.sendall(random.randbytes(random.randrange(1, 4000)))
                    except OSError:
                        pass

    def mend(self):
        pass


FAULTS = [Kill, Stop, Drift, Abort, KillAll, Pause, Isolate, Deafen, Mute, Cut, Slow, Wipe, DiskFails, DiskFills, Garbage]


class Storm:
    """Draws faults, at most two at a time and never two of one member."""

    def __init__(self, world, seed, mean_gap):
        self.world, self.mean_gap = world, mean_gap
        self.random = random.Random(seed)
        self.under_way = []  # (when it is mended, fault)
        self.counts = collections.Counter()

    def run(self, seconds, report):
        began = time.monotonic()
        next_at = began + 1
        while (now := time.monotonic()) < began + seconds:
            self.mend_due(now)
            if now >= next_at:
                self.begin_one(now)
                next_at = now + self.random.expovariate(1 / self.mean_gap)
            if not any(isinstance(fault, (DiskFails, DiskFills, KillAll)) for _, fault in self.under_way):
                self.world.check_alive()
            report(now - began, self.counts)
            time.sleep(0.05)
        # Two rounds: what has not hit is waited for when the others are mended.
        self.mend_due(float("inf"))
        self.mend_due(float("inf"))

    def overdue(self, now):
        return [entry for entry in self.under_way if entry[0] <= now]

    def mend_due(self, now):
        for entry in self.overdue(now):
            others = [fault for _, fault in self.under_way if fault is not entry[1]]
            if entry[1].has_hit() or not any(fault.has_hit() for fault in others):
                self.under_way.remove(entry)
                entry[1].mend()

    def begin_one(self, now):
        # Every kind comes up before one comes up much more often.
        weights = [1 / (1 + self.counts[kind.__name__]) ** 2 for kind in FAULTS]
        kind = self.random.choices(FAULTS, weights)[0]
        fault = kind(self.world, self.random.choice(ALL))
        busy = {other.member for _, other in self.under_way}
        alone = any(isinstance(other, KillAll) for _, other in self.under_way) or (kind is KillAll and self.under_way)
        # What is overdue waits for others to be mended: nothing comes in its way any more.
        if len(self.under_way) >= 2 or self.overdue(now) or fault.member in busy or alone or not fault.possible():
            return
        fault.begin()
        self.counts[kind.__name__] += 1
        self.under_way.append((now + self.random.uniform(*kind.lasts), fault))


# --- clients

class Clients:
    def __init__(self, world):
        self.world = world
        self.program = world.build / "test" / "chaos_client"
        self.notes, self.processes = [], []

    def command(self, role, node, *more):
        notes = self.world.folder / f"{role}{node}.notes"
        self.notes.append(notes)
        return [str(part) for part in (self.program, "--config", self.world.cluster.client_config, "--notes", notes,
                                       "--role", role, "--node", node, *more)]

    def start(self):
        for command in (self.command("write", 100), self.command("write", 120, "--pause", "5ms", "--clients", 3),
                        self.command("read", 140, "--pause", "200ms", "--deadline", "5s")):
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            if process.wait(PATIENCE) != DONE:
                raise ChaosError(f"a client ended with {process.returncode}")

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def acknowledged(self):
        """How many appends, by what is written of the notes by now."""
        return sum(len(re.findall(r" append_returned \d+ 0 ", file.read_text())) for file in self.notes
                   if file.name.startswith("write"))

    def acknowledge(self):
        """Whether they get answers now."""
        before = self.acknowledged()
        time.sleep(2)
        return self.acknowledged() > before

    def read_all(self):
        """Every member, whole."""
        done = subprocess.run(self.command("read", 141, "--once", "--deadline", "30s"), capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if done.returncode != DONE:
            raise ChaosError(f"in the end not every member can be read:\n{done.stdout}{done.stderr}")


def wait_until_whole(world, clients):
    """Mended, so all members vote, and appends are acknowledged."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        world.check_alive()
        if world.all_vote() and clients.acknowledge():
            return
        time.sleep(0.2)
    raise ChaosError(f"mended, and not all members vote, or nobody can append, within {PATIENCE} s: {world.statuses()}")


def judge(world, notes):
    command = [world.build / "bin" / "holdfast-sim", "judge", "--json", "--members", MEMBERS, *world.traces]
    for file in notes:
        command += ["--notes", file]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def replay(world):
    """What each member did, it does again.  The text of what it does otherwise; None: nothing."""
    for recording in world.recordings:
        done = subprocess.run([world.build / "bin" / "holdfast-sim", "replay", recording], capture_output=True, text=True,
                              check=False)
        if done.returncode != DONE:
            return f"{recording}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return None


def storm(world, arguments, report):
    """Faults and clients, until all is mended and read; what the clients noted, and how often each fault was."""
    clients = Clients(world)
    try:
        for member in ALL:
            world.start(member)
        clients.start()
        faults = Storm(world, arguments.seed, arguments.gap)
        faults.run(arguments.seconds, report)
        wait_until_whole(world, clients)
        clients.end()
        clients.read_all()
        world.forget_unborn()
        return clients.notes, faults.counts
    finally:
        clients.kill()
        for process in world.cluster.processes.values():
            process.send_signal(signal.SIGCONT)
        world.cluster.stop_all()
        world.close()


def progress(seconds):
    shown = [0.0]

    def report(elapsed, counts):
        if sys.stderr.isatty() and elapsed - shown[0] >= 1:
            shown[0] = elapsed
            print(f"\rchaos: {elapsed:.0f} of {seconds} s, {counts.total()} faults ", end="", file=sys.stderr, flush=True)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--gap", type=float, default=3.0, help="seconds between faults, on average")
    parser.add_argument("--keep", metavar="DIR", help="a new folder for logs, traces and notes")
    arguments = parser.parse_args()
    if arguments.seconds < 1 or arguments.gap <= 0:
        parser.error("--seconds and --gap want more than nothing")
    for program in ("bin/holdfast", "bin/holdfastd", "bin/holdfast-sim", "test/chaos_client"):
        if not (pathlib.Path(arguments.build) / program).exists():
            parser.error(f"there is no {program} in {arguments.build}; ./dev chaos builds what it needs")
    if arguments.keep and pathlib.Path(arguments.keep).exists():
        parser.error(f"{arguments.keep} is there already; name a new folder")
    random.seed(arguments.seed)
    folder = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="holdfast-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"chaos: seed {arguments.seed}, {arguments.seconds} s, in {folder}", flush=True)
    world = World(arguments.build, folder)
    try:
        notes, counts = storm(world, arguments, progress(arguments.seconds))
    except ClusterError as error:
        sys.exit(f"chaos: {error}\nchaos: everything is in {folder}")
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    result = judge(world, [*notes, folder / "deeds.notes"])
    print(result.stdout[-6000:] + result.stderr)
    if result.returncode != DONE:
        sys.exit(f"chaos: the judges object (exit {result.returncode}); everything is in {folder}")
    if (otherwise := replay(world)) is not None:
        sys.exit(f"chaos: a life went otherwise when it was replayed; everything is in {folder}\n{otherwise}")
    print(f"  {len(world.recordings)} lives of members replayed, step by step")
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
