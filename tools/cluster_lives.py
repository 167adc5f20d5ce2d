"""Cases of cluster_test.py: what members write of their lives, and what becomes of it."""

import re
import shutil
import signal
import subprocess
import time

from cluster_testing import ALL, DONE, PATIENCE, USAGE, Log, check, coordinators, status, the_coordinator, votes, wait_until


def simulator(cluster, *arguments):
    return subprocess.run([f"{cluster.programs}/holdfast-sim", *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


def crash(cluster):
    """A member that aborts tells of it when it starts again, keeps its last events, and pauses in a loop."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(5)
    for number in range(1, 4):
        cluster.processes[1].send_signal(signal.SIGABRT)
        cluster.processes.pop(1).wait(PATIENCE)
        cluster.start(1)
        wait_until(lambda: 1 in status(cluster), "member 1 is back", cluster)
        check(f"event=former_life_crashed signal=ABRT crashes_in_a_row={number}" in cluster.log(1).read_text(),
              f"its log tells of crash {number}", cluster)
    lines = cluster.log(1).read_text()
    check(re.findall(r"event=crash_loop crashes_in_a_row=(\d) pause=(\d)s", lines) == [("2", "1"), ("3", "2")],
          "it pauses after the second crash, and longer after the third", cluster)
    # While it pauses it can be told to end.
    cluster.processes[1].send_signal(signal.SIGABRT)
    cluster.processes.pop(1).wait(PATIENCE)
    cluster.start(1)
    wait_until(lambda: "crashes_in_a_row=4 pause=4s" in cluster.log(1).read_text(), "it pauses", cluster)
    began = time.monotonic()
    check(cluster.stop(1) == DONE and time.monotonic() - began < 3.5, "it ends when it is told to", cluster)

    def flight(*arguments):
        return simulator(cluster, "flight", *arguments)
    shown = flight(cluster.data(1) / "flight.crashed")
    check(shown.returncode == DONE and "by signal 6 (SIGABRT)" in shown.stdout and "booted" in shown.stdout,
          "the record is printed", cluster, shown)
    check(len(flight(cluster.data(1) / "flight.crashed", "--last", 2).stdout.splitlines()) == 6, "or the end of it", cluster)
    for file in (cluster.folder / "none", cluster.config(1)):
        wrong = flight(file)
        check(wrong.returncode == USAGE and str(file) in wrong.stderr, f"{file} is refused", cluster, wrong)
    # A life that ended leaves nothing to tell.
    cluster.start(1)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    check(cluster.stop(1) == DONE, "it ends", cluster)
    before = cluster.log(1).read_text().count("former_life")
    trace = cluster.folder / "trace"
    cluster.start(1, "--trace", trace)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    check(cluster.log(1).read_text().count("former_life") == before, "nothing is told", cluster)
    log.append(1)
    cluster.stop(1)
    check("learned" in flight(trace).stdout and "with exit code 0" not in flight(trace).stdout, "a trace is printed as well",
          cluster)
    cluster.start(1, "--trace", trace)
    check(cluster.processes.pop(1).wait(PATIENCE) == USAGE and "name a new file" in cluster.last_lines(1),
          "a trace is not replaced", cluster)
    cluster.start(1)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.check_everywhere()


def recorded(cluster):
    """What members wrote down of their lives happens again: elections, loads, a truncation, kill -9, a lost directory."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    cluster.stop_all()
    files = []

    def start(member):
        files.append(cluster.folder / f"recording{len(files)}")
        cluster.start(member, "--record", files[-1])

    def replay(*arguments):
        return simulator(cluster, "replay", *arguments)

    def load():
        done = cluster.call("bench", "--time", "1s", "--warm-up", "0s", "--outstanding", "32", "--connections", "2")
        check(done.returncode == DONE, "a load", cluster, done)

    for member in ALL:
        start(member)
    wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
    load()
    last = int(cluster.call("append", "last").stdout)
    truncated = cluster.call("truncate", "--to", last - 10)
    check(truncated.returncode == DONE, "a truncation", cluster, truncated)
    wait_until(lambda: all(row["begin"] == last - 10 for row in status(cluster).values()), "all have truncated", cluster)
    for command in ("read", "catchup"):
        done = cluster.call(command)
        check(done.returncode == DONE, command, cluster, done)
    victim = the_coordinator(cluster)
    cluster.kill(victim)
    load()
    shutil.rmtree(cluster.data(victim))
    start(victim)
    wait_until(lambda: votes(cluster), "the member without a directory votes again", cluster)
    load()
    cluster.stop(victim)
    for rate in ("nan", "50", "0", "fast"):
        cluster.start(victim, "--clock-rate", rate)
        check(cluster.processes.pop(victim).wait(PATIENCE) == USAGE and "--clock-rate: " in cluster.last_lines(victim),
              f"a clock rate of {rate} is refused", cluster)
    cluster.start(victim, "--record", files[0])
    check(cluster.processes.pop(victim).wait(PATIENCE) == USAGE and "name a new file" in cluster.last_lines(victim),
          "a recording is not replaced", cluster)
    cluster.stop_all()
    for file in files:
        done = replay(file)
        check(done.returncode == DONE and "everything happened again" in done.stdout, f"{file.name} happens again", cluster, done)
    shown = replay("--trace", files[0])
    check(shown.returncode == DONE and " learned " in shown.stdout, "events are shown", cluster, shown)
    whole = files[0].read_bytes()
    cut = cluster.folder / "cut"
    cut.write_bytes(whole[:-3])
    done = replay(cut)
    check(done.returncode == DONE and "the recording ends in the last step" in done.stdout, "a last step that is not whole", cluster, done)
    damaged = cluster.folder / "damaged"
    damaged.write_bytes(whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1:])
    done = replay(damaged)
    check(done.returncode == USAGE and f"{damaged}: the message at byte" in done.stderr, "a damaged one", cluster, done)
    done = replay("--html", cluster.folder / "page.html", files[0])
    check(done.returncode == USAGE and "--html and --perfetto are for runs of the simulator" in done.stderr, "no picture", cluster, done)
