#!/usr/bin/env python3
"""Tests of the program holdfast-sim as people use it: sim_program_test.py PROGRAM CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree

from sim_testing import call, check, expect_exit, play, start


def fingerprint_of(result):
    found = re.search(r"^fingerprint ([0-9a-f]{16})$", result.stdout, re.M)
    check(found, "no fingerprint in the output", result)
    return found.group(1)


def smoke(folder):
    """The swarm passes, the account is whole, and does not depend on the number of workers."""
    one = call("run", "--seed", 1, "--seeds", 200, "--json", "run.json", "--junit", "run.xml", cwd=folder)
    expect_exit(one, 0)
    account = json.loads((folder / "run.json").read_text())
    check(account["schema"] == "holdfast-sim/run/1", "the JSON names its schema")
    check(account["totals"]["seeds"] == 200 and account["failures"] == [], "all seeds are accounted for", one)
    check(account["totals"]["played_twice"] > 0, "some seeds are played twice", one)
    check(account["fingerprint"] == fingerprint_of(one), "text and JSON agree", one)
    check(sum(row["injected"] for row in account["faults"]) > 0, "faults are counted", one)
    suite = xml.etree.ElementTree.parse(folder / "run.xml").getroot()
    check(suite.get("failures") == "0" and len(list(suite)) > 5, "JUnit has a case per property", one)
    for part in (0, 1):
        few = call("run", "--seed", 1, "--seeds", 12, "--jobs", part + 1, "--no-double-runs", cwd=folder)
        expect_exit(few, 0)
        if part == 0:
            alone = fingerprint_of(few)
    check(alone == fingerprint_of(few), "one worker and two find the same fingerprint", few)


def expect_failure(folder, scenario, wanted, **how):
    """A planted bug is found, and both ways to replay it find it again."""
    found = call("run", scenario, "--seed", 1, "--seeds", 1000, "--failures", 1, "--json", "run.json", cwd=folder)
    expect_exit(found, 12)
    failure = json.loads((folder / "run.json").read_text())["failures"][0]
    properties = {violation["property"] for violation in failure["violations"]}
    check(properties & wanted, f"{scenario}: one of {sorted(wanted)} is broken, not only {sorted(properties)}", found)
    lines = re.findall(r"^  (?:replay|or):\s+\S*holdfast-sim (.*)$", found.stdout, re.M)
    check(len(lines) == 2, "two lines say how to replay it", found)
    check(any(line.endswith(".plan") for line in lines), "one of them names the decision file", found)
    for line in lines:
        again = call(*line.split(), cwd=folder)
        expect_exit(again, 12)
        worst = failure["violations"][0]["text"]
        check(worst in again.stdout, f"'{line}' shows the same violation", again)
    print(f"{scenario}: seed {failure['seed']}: {sorted(properties)}")


def canary(folder):
    expect_failure(folder, "canary", {"durability", "agreement", "monotonic", "learned_is_chosen",
                                      "election_completeness", "real_time_order", "truncation"})


def directory_sync_off(folder):
    """What members said is on their disks is not; a quorum hides one of them from clients."""
    expect_failure(folder, "no_directory_sync", {"monotonic"})
    found = call("run", "no_directory_sync", "--seed", 1, "--seeds", 20, "--failures", 20, cwd=folder)
    expect_exit(found, 12)
    check("the directory has no record, but" in found.stdout, "votes that were acknowledged are lost", found)


def mesos_rules(folder):
    """With a rule of Mesos switched back entries are lost, on the first seed; with ours none on any."""
    for scenario, switch in (("mesos_g1", "compat.d1"), ("mesos_g2a", "compat.d2"),
                             ("mesos_g2b", "compat.d2"), ("mesos_g3", "compat.d3")):
        expect_failure(folder, scenario, {"agreement"})
        repaired = call("run", scenario, "--seed", 1, "--seeds", 20, "--set", f"{switch}=0", cwd=folder)
        expect_exit(repaired, 0)
    expect_exit(call("run", "--seed", 1, "--seeds", 20, "--set", "compat.d1=2", cwd=folder), 2)


def replay(folder):
    """A run and its replay are the same run, whatever the scenario; a trace changes nothing."""
    for scenario, seed in (("swarm", 1), ("swarm", 7), ("swarm", "0x2a"), ("duel", 3), ("full_disk", 5)):
        run = call("run", scenario, "--seed", seed, "--no-double-runs", cwd=folder)
        expect_exit(run, 0)
        again = call("replay", seed, "--scenario", scenario, cwd=folder)
        expect_exit(again, 0)
        check(fingerprint_of(run) == fingerprint_of(again), f"{scenario} {seed}: run and replay agree", again)
    traced = call("replay", 3, "--scenario", "duel", "--trace", "--save-events", "events", cwd=folder)
    expect_exit(traced, 0)
    same = call("replay", 3, "--scenario", "duel", "--compare-events", "events", cwd=folder)
    expect_exit(same, 0)
    check(fingerprint_of(traced) == fingerprint_of(same), "watching changes nothing", traced)
    other = call("replay", 4, "--scenario", "duel", "--compare-events", "events", cwd=folder)
    expect_exit(other, 13)
    check("#" in other.stdout, "the first differing event is named", other)
    number = int(re.search(r" accepted +#(\d+) ", traced.stdout).group(1))
    stopped = call("replay", 3, "--scenario", "duel", "--trace", "--until", number, cwd=folder)
    expect_exit(stopped, 0)
    check(f"#{number} " in stopped.stdout and f"#{number + 1} " not in stopped.stdout, "it stops there", stopped)
    check(re.search(r"node 1: VOTING, promised .*begin \d+, end", stopped.stdout), "every node is shown", stopped)


def decision_files(folder):
    """An edited file plays without its fingerprint; a wrong fingerprint is an error; so is nonsense."""
    call("run", "canary", "--seed", 1, "--seeds", 1000, "--failures", 1, cwd=folder)
    file = next((folder / "holdfast-failures").glob("*.plan"))
    text = file.read_text()
    file.write_text(re.sub(r"(recorded.fingerprint) 0x.{4}", r"\1 0x0000", text))
    wrong = call("replay", file, cwd=folder)
    check("fingerprint 0000" in wrong.stdout and str(file) in wrong.stdout, "it says whose fingerprint differs", wrong)
    check(wrong.returncode in (12, 13), "safety or determinism", wrong)
    file.write_text(text.replace("option length", "# option length"))
    edited = call("replay", file, cwd=folder)
    check("was edited" in edited.stdout, "an edited file is played, without its fingerprint", edited)
    file.write_text(text.replace("fault ", "fault x", 1))
    expect_exit(nonsense := call("replay", file, cwd=folder), 2)
    check(re.search(r"line \d+", nonsense.stderr), "the line is named", nonsense)


def usage(folder):
    """Whatever is wrong is named, with what to do, and the exit code is 2."""
    for arguments, words in (
            (["run", "--seed", "x"], ["--seed", "'x'", "0x2a"]),
            (["run", "--seed", "18446744073709551616"], ["--seed", "2^64-1"]),
            (["run", "--seed", "18446744073709551615", "--seeds", "2"], ["--seeds", "'2'"]),
            (["run", "--seeds", "0"], ["--seeds", "'0'", "from 1"]),
            (["run", "--jobs", "0"], ["--jobs", "'0'"]),
            (["run", "--jobs", "100000"], ["--jobs", "too many"]),
            (["run", "--budget", "60"], ["--budget", "'60'", "60s"]),
            (["run", "--sim-time", "-5s"], ["--sim-time", "-5s"]),
            (["run", "--profile", "hard"], ["--profile", "'hard'", "beyond"]),
            (["run", "swam"], ["SCENARIO", "'swam'", "swarm"]),
            (["run", "--set", "nodes"], ["--set", "'nodes'", "NAME=VALUE"]),
            (["run", "--seed", "1", "--set", "nodes=9"], ["--set nodes=9", "1 to 7"]),
            (["run", "--seed", "1", "--set", "nods=3"], ["--set nods=3", "no"]),
            (["run", "--seed", "1", "--set", "seed=3"], ["--set seed=3", "--seed"]),
            (["run", "--sed", "1"], ["--sed"]),
            (["replay"], ["SEED|FILE"]),
            (["replay", "nowhere.plan"], ["nowhere.plan", "neither a seed"]),
            (["replay", "1", "--until", "soon"], ["--until", "'soon'", "number"]),
            (["replay", "1", "--until", "99999999999"], ["--until", "no such event"]),
            (["replay", "1", "--quiet", "--trace"], ["--quiet", "--trace"]),
            (["soak", "canary"], ["canary", "planted"]),
            (["soak", "--ledger", "nowhere/soak.md"], ["nowhere/soak.md", "folder"]),
            (["lost"], ["lost"]),
            ([], ["--help"])):
        result = call(*arguments, cwd=folder)
        expect_exit(result, 2)
        for word in words:
            check(word in result.stderr, f"{arguments}: the message names {word}", result)
    for arguments in ([], ["run"], ["replay"], ["soak"], ["list"], ["describe"]):
        expect_exit(help_text := call(*arguments, "--help", cwd=folder), 0)
        check("--help" in help_text.stdout, f"{arguments} has help", help_text)
    everything = call("list", "--json", cwd=folder)
    expect_exit(everything, 0)
    table = json.loads(everything.stdout)
    for part in ("scenarios", "properties", "faults", "points", "settings"):
        check(len(table[part]) > 5, f"list --json has {part}", everything)
        check(all(row["name"] for row in table[part]), f"every one of {part} has a name", everything)
    text = call("list", cwd=folder)
    check(all(row["name"] in text.stdout for row in table["settings"]), "list names all settings", text)
    expect_exit(drawn := call("describe", "--seed", 5, "--set", "nodes=5", cwd=folder), 0)
    check(re.search(r"^  nodes = 5 ", drawn.stdout, re.M), "describe shows what was set", drawn)
    check(re.search(r"^  quorum = 3 ", drawn.stdout, re.M), "a quorum follows the members", drawn)


def kill(folder):
    """Ctrl-C: the summary of what was done, and exit 130."""
    program = start("run", "--seed", 1, "--seeds", 1000000000, cwd=folder, start_new_session=True)
    time.sleep(4)
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=120)
    check(program.returncode == 130, f"exit {program.returncode}, not 130:\n{out[-3000:]}\n{err}")
    seeds = re.search(r"^  seeds +([\d,]+) \(", out, re.M)
    check("interrupted" in out and seeds and int(seeds.group(1).replace(",", "")) > 0, f"no summary:\n{out}\n{err}")
    fingerprint = re.search(r"^fingerprint [0-9a-f]{16}$", out, re.M)
    check(fingerprint, f"no fingerprint:\n{out}")
    time.sleep(0.5)
    left = subprocess.run(["pgrep", "-s", str(program.pid)], text=True, stdout=subprocess.PIPE).stdout
    check(not left.strip(), f"processes are left: {left}")


def crash(folder):
    """A process that dies is a failure like others: reported, with a file, and the rest goes on."""
    # Where the program is built with ASan, that would turn the signal into an exit status.
    environment = os.environ | {"ASAN_OPTIONS": "handle_segv=0:handle_abort=0"}
    program = start("run", "--seed", 1, "--seeds", 100000, "--jobs", 1, "--failures", 2, "--no-double-runs",
                    "--json", "run.json", cwd=folder, env=environment)
    for number in (signal.SIGSEGV, signal.SIGABRT):
        time.sleep(2)
        worker = subprocess.run(["pgrep", "-P", str(program.pid)], text=True, stdout=subprocess.PIPE).stdout
        os.kill(int(worker), number)
    out, err = program.communicate(timeout=120)
    check(program.returncode == 10, f"exit {program.returncode}, not 10:\n{out[-3000:]}\n{err}")
    account = json.loads((folder / "run.json").read_text())
    failures = account["failures"]
    check(len(failures) == 2 and account["totals"]["failed"] == 2, f"both are reported:\n{out}")
    check("signal 11" in failures[0]["crash"] and "signal 6" in failures[1]["crash"], "it says what they died of")
    check(int(failures[0]["seed"]) < int(failures[1]["seed"]), "it goes on after the first")
    for failure in failures:
        again = call("replay", failure["file"], cwd=folder)
        # Nothing is wrong with the run itself.
        expect_exit(again, 0)


def soak(folder):
    """Ranges never repeat, equal cores add up, and a killed soak has told what it did."""
    ledger = folder / "soak.md"
    arguments = ["soak", "duel", "--ledger", ledger, "--seeds"]
    expect_exit(call(*arguments, 5, cwd=folder), 0)
    again = call(*arguments, 5, cwd=folder)
    expect_exit(again, 2)
    check("--resume" in again.stderr, "it says how to go on", again)
    more = call(*arguments, 7, "--resume", cwd=folder)
    expect_exit(more, 0)
    check(re.search(r"in all: 2 ranges, 12 seeds", more.stdout), "ranges add up", more)
    rows = [line.split("|") for line in ledger.read_text().splitlines() if line.startswith("| 2")]
    check(len(rows) == 2, "a row per range")
    first, second = (int(row[5]) for row in rows)
    check(second == first + 5, "the second range begins after the first")
    check("| crash_lost |" in ledger.read_text(), "faults are listed")
    program = start("soak", "duel", "--resume", "--ledger", ledger, cwd=folder, start_new_session=True)
    time.sleep(3)
    os.killpg(program.pid, signal.SIGINT)
    program.communicate(timeout=120)
    check(program.returncode == 130, "Ctrl-C ends a soak with 130")
    rows = [line for line in ledger.read_text().splitlines() if line.startswith("| 2")]
    check(len(rows) == 3 and "passed" in rows[2], "and its row is written")


def points(folder):
    """A run of this length takes every path that is not tagged rare, and one that is too tame is refused."""
    expect_exit(call("run", "--seed", 1, "--seeds", 1000, "--no-double-runs", "--gate-points", cwd=folder), 0)
    tame = call("run", "duel", "--seed", 1, "--seeds", 2, "--gate-points", cwd=folder)
    expect_exit(tame, 15)
    missed = tame.stdout.split("points missed, which is a failure:\n")[1]
    check("kTombstoneStored" in missed, "the points are named", tame)
    rare = {row["name"] for row in json.loads(call("list", "--json", cwd=folder).stdout)["points"] if row["rare"]}
    check(not any(f"({name})" in missed for name in rare), "rare ones are not among them", tame)


CASES = {f.__name__: f for f in (smoke, points, canary, directory_sync_off, mesos_rules, replay, decision_files, usage, kill, crash, soak)}


if __name__ == "__main__":
    play(CASES)
