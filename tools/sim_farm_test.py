#!/usr/bin/env python3
"""Tests of sweeps over many machines (docs/ci/README.md): sim_farm_test.py PROGRAM CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

import sim_testing
from sim_testing import call, check, expect_exit, play, start

# Cheap, and passes.
SCENARIO = ("--scenario", "wipes", "--no-double-runs")
# Fails on its first seeds.
FAILING = ("--scenario", "mesos_g1", "--no-double-runs")


def sweep(shard, *arguments, cwd, **how):
    return call("sweep", "--shard", shard, *arguments, cwd=cwd, **how)


def merged(*folders, cwd, code=0):
    result = call("merge", *folders, "--json", "merged.json", cwd=cwd)
    expect_exit(result, code)
    return json.loads((cwd / "merged.json").read_text())


def shards(folder):
    """Whoever plays which part, the sums are the same; a finished shard is left as it is."""
    for count in (1, 3):
        for shard in range(count):
            expect_exit(sweep(f"{shard}/{count}", *SCENARIO, "--seeds", 100, "--out", f"of{count}",
                              "--jobs", shard + 1, cwd=folder), 0)
    one, three = merged("of1", cwd=folder), merged("of3", cwd=folder)
    check(one["sums"]["seeds"] == three["sums"]["seeds"] == one["seeds_asked"] == 100, "all seeds are counted")
    for field in set(one["sums"]) - {"real_ns"}:
        check(one["sums"][field] == three["sums"][field], f"{field} does not depend on the shards")
    before = (folder / "of3/shard-1-of-3.json").read_text()
    again = sweep("1/3", *SCENARIO, "--seeds", 100, "--out", "of3", cwd=folder)
    expect_exit(again, 0)
    check("finished already: 33 seeds" in again.stdout, "it says that nothing is to be done", again)
    check((folder / "of3/shard-1-of-3.json").read_text() == before, "and does nothing")
    # A sweep whose runs fail is as finished as any; what they came to is for merge to tell.
    for shard in range(2):
        expect_exit(sweep(f"{shard}/2", *FAILING, "--seeds", 20, "--out", "failing", "--shrink", "0s", cwd=folder), 0)
    account = merged("failing", cwd=folder, code=12)
    check(account["sums"]["failed"] == 20 and len(account["failures"]) == 1, "twenty failures of one class")
    failure = account["failures"][0]
    check(failure["seeds"] == 20 and failure["event_kind"] and failure["check"].startswith("properties/"),
          f"the class says where: {failure}")
    check(len(list((folder / "failing/capsules").glob("*.plan"))) == 6, "three examples of a shard are kept")
    expect_exit(call(*failure["stories"][0]["replay"].split()[1:], cwd=folder), 12)
    listed = call("run", "wipes", "--seed", 1, "--first", "failing/capsules", cwd=folder)
    check("6 played: 0 passed, 6 failed" in listed.stdout, "they are past capsules for run", listed)


def shrinking(folder):
    """Of each class one example is made small, in each shard; equal ones are one story."""
    for shard in range(2):
        expect_exit(small := sweep(f"{shard}/2", *FAILING, "--seeds", 20, "--out", "a", cwd=folder), 0)
        check("made small: " in small.stdout, "it says so", small)
    failures = merged("a", cwd=folder, code=12)["failures"]
    check(len(failures) == 1 and failures[0]["seeds"] == 20, "one class")
    stories = failures[0]["stories"]
    check(1 <= len(stories) <= 2 and all(story["shrunk"] for story in stories), f"of shrunk examples: {stories}")
    check(len({tuple(story["faults"]) for story in stories}) == len(stories), "each needs other faults")
    check(all(len(story["faults"]) <= 5 for story in stories), "and few of them")
    for story in stories:
        check(story["file"].endswith(".small.plan"), f"the small file is shown: {story['file']}")
        replayed = call(*story["replay"].split()[1:], cwd=folder)
        expect_exit(replayed, 12)
        check(failures[0]["check"] in replayed.stdout, "it fails the same check", replayed)


def long_enough():
    """So many seeds of a sweep that one process needs several flushes for them, and not because others were busy here
    while this was measured."""
    best = float("inf")
    for _ in range(3):
        began = time.monotonic()
        expect_exit(call("run", "wipes", "--seed", 1, "--seeds", 300, "--jobs", 1, "--no-double-runs", cwd="/"), 0)
        best = min(best, time.monotonic() - began)
    return int(300 / best * 15)


def seeds_of(path):
    return json.loads(path.read_text())["sums"]["seeds"] if path.exists() else 0


def wait_for_seeds(path, more_than):
    deadline = time.monotonic() + 120
    while seeds_of(path) <= more_than:
        check(time.monotonic() < deadline, f"{path} gets more than {more_than} seeds")
        time.sleep(0.05)


def resume(folder):
    """Killed in the middle, hard or with a warning, a shard goes on where it was."""
    seeds = long_enough()
    arguments = ("--shard", "0/1", *SCENARIO, "--seeds", seeds, "--jobs", 1)
    part, whole = folder / "killed/shard-0-of-1.part.json", folder / "killed/shard-0-of-1.json"
    done = 0
    for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)):
        program = start("sweep", *arguments, "--out", "killed", cwd=folder)
        wait_for_seeds(part, done)
        # Only the program: that its workers go with it is its own business.
        program.send_signal(number)
        out, err = program.communicate(timeout=120)
        check(program.returncode == code, f"exit {program.returncode}, not {code}:\n{out}{err}")
        done = seeds_of(part)
        check(0 < done < seeds and not whole.exists(), f"{done} of {seeds} are done")
    check("unfinished" in out and "goes on" in out, f"it says so:\n{out}")
    check("goes on after" in out, f"it went on:\n{out}")
    account = merged("killed", cwd=folder, code=14)
    check(len(account["unfinished"]) == 1 and account["sums"]["seeds"] == done, "merge says what is there")
    budget = call("sweep", *arguments, "--out", "killed", "--budget", "100ms", cwd=folder)
    expect_exit(budget, 14)
    check(seeds_of(part) > done, "a budget ends it in order", budget)
    expect_exit(last := call("sweep", *arguments, "--out", "killed", cwd=folder), 0)
    check(whole.exists() and not part.exists(), "the finished shard takes the place of the part", last)
    expect_exit(call("sweep", *arguments[:-1], 2, "--out", "whole", cwd=folder), 0)
    broken, unbroken = merged("killed", cwd=folder)["sums"], merged("whole", cwd=folder)["sums"]
    for field in set(broken) - {"real_ns"}:
        check(broken[field] == unbroken[field], f"{field} is as of a run that was never killed")


def together(folder):
    """Two processes on one shard, as after a requeue of a node that is not quite dead: no harm."""
    seeds = long_enough()
    arguments = ("sweep", "--shard", "0/1", *SCENARIO, "--seeds", seeds, "--out", "both", "--jobs")
    first = start(*arguments, 1, cwd=folder)
    wait_for_seeds(folder / "both/shard-0-of-1.part.json", 0)
    second = start(*arguments, 1, cwd=folder)
    for program in (first, second):
        out, err = program.communicate(timeout=300)
        check(program.returncode == 0, f"exit {program.returncode}:\n{out}{err}")
    account = merged("both", cwd=folder)
    check(account["sums"]["seeds"] == seeds and account["shards_finished"] == 1, "each seed is counted once")
    check(sorted(os.listdir(folder / "both")) == ["shard-0-of-1.json", "sweep.json"], "nothing is left behind")


def refused(result, *words):
    expect_exit(result, 2)
    for word in words:
        check(word in result.stderr, f"the message names {word}", result)


def refusals(folder):
    """Whatever is wrong is named, with the place and what to do."""
    there = ("--seeds", 100, "--out", "there")
    for shard, word in (("3", "I/N"), ("x/3", "I/N"), ("0/0", "I/N"), ("1/", "I/N"), ("3/3", "0/3 to 2/3")):
        refused(sweep(shard, *there, cwd=folder), "--shard", f"'{shard}'", word)
    refused(call("sweep", *there, cwd=folder), "--shard")
    refused(sweep("0/1", "--seeds", 5, cwd=folder), "--out")
    refused(sweep("0/1", "--out", "there", cwd=folder), "--seeds", "how many")
    refused(sweep("0/200", *there, cwd=folder), "--shard", "100 seeds", "fewer shards")
    refused(sweep("0/1", *there, "--scenario", "wips", cwd=folder), "'wips'", "wipes")
    refused(sweep("0/1", *there, "--set", "nodes=99", cwd=folder), "nodes=99")
    check(not (folder / "there").exists(), "nothing was made")
    expect_exit(sweep("0/2", *SCENARIO, *there, cwd=folder), 0)
    for change, word in ((("--seeds", 101), "seeds 101 instead of 100"), (("--seed", 2), "first seed 2 instead of 1"),
                         (("--set", "nodes=5"), "nodes=5")):
        refused(sweep("1/2", *SCENARIO, *there, *change, cwd=folder) if change[0] != "--seeds" else
                sweep("1/2", *SCENARIO, "--out", "there", *change, cwd=folder), "'there'", word, "another --out")
    refused(sweep("1/3", *SCENARIO, *there, cwd=folder), "shards 3 instead of 2")
    sweep_file = folder / "there/sweep.json"
    text = sweep_file.read_text()
    sweep_file.write_text(re.sub(r'"core": "[0-9a-f]+"', '"core": "0123456789abcdef"', text))
    refused(sweep("1/2", *SCENARIO, *there, cwd=folder), "core", "instead of 0123456789abcdef")
    sweep_file.write_text(text[:50])
    refused(sweep("1/2", *SCENARIO, *there, cwd=folder), "there/sweep.json", "cut off", "remove it")
    sweep_file.write_text(text)
    whole = (folder / "there/shard-0-of-2.json").read_text()
    for name in ("shard-1-of-2.json", "shard-1-of-2.part.json"):
        (folder / "there" / name).write_text(whole[:len(whole) // 2])
        refused(sweep("1/2", *SCENARIO, *there, cwd=folder), name, "cut off", "remove it")
        (folder / "there" / name).write_text(whole)
        refused(sweep("1/2", *SCENARIO, *there, cwd=folder), name, "shard 0", "remove it")
        (folder / "there" / name).unlink()
    expect_exit(sweep("1/2", *SCENARIO, *there, cwd=folder), 0)


def for_nobody(folder):
    """The program where a user without rights can run it, and what makes a process that user."""
    if os.geteuid() != 0:
        return sim_testing.PROGRAM, {}
    folder.chmod(0o755)
    program = shutil.copy(sim_testing.PROGRAM, folder / "holdfast-sim")
    return program, {"user": 65534, "group": 65534, "extra_groups": []}


def small_files():
    """A stand-in for a full disk that needs no rights: no file grows beyond 500 bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))


def disk(folder):
    """A disk that is full, a folder that cannot be written or made: known before anything is played."""
    refused(sweep("0/1", *SCENARIO, "--seeds", 100, "--out", "full", cwd=folder, preexec_fn=small_files),
            "'full/shard-0-of-1.part.json'", "make room")
    # With room again the same command goes on.
    expect_exit(sweep("0/1", *SCENARIO, "--seeds", 100, "--out", "full", cwd=folder), 0)
    check(sorted(os.listdir(folder / "full")) == ["shard-0-of-1.json", "sweep.json"], "no draft is left")
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=16k none small && exec "$@"', "sh", sim_testing.PROGRAM,
         "sweep", "--shard", "0/1", *FAILING, "--seeds", "100", "--out", "small/sweep"],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if "unshare" in mounted.stderr or "mount:" in mounted.stderr:
        print("a full disk of its own: left out, this machine does not let us mount one")
    else:
        refused(mounted, "small/sweep/", "No space left on device", "make room")
    (folder / "plain").write_text("a file")
    refused(sweep("0/1", "--seeds", 100, "--out", "plain/x", cwd=folder), "'plain/x'", "Not a directory")
    program, nobody = for_nobody(folder)
    locked = folder / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    refused(subprocess.run([program, "sweep", "--shard", "0/1", "--seeds", "100", "--out", "locked"], cwd=folder,
                           text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **nobody),
            "'locked/sweep.json'", "Permission denied", "make it writable")


def merging(folder):
    """Every way to print the account; folders and files that are none are named."""
    for shard in range(2):
        expect_exit(sweep(f"{shard}/3", *FAILING, "--seeds", 30, "--out", "a", cwd=folder), 0)
    (folder / "a/shard-1-of-3.json").rename(folder / "shard-1-of-3.json")
    text = (folder / "shard-1-of-3.json").read_text()
    (folder / "a/shard-1-of-3.json").write_text(text[:-100])
    report = call("merge", "a", "--json", "m.json", "--junit", "m.xml", "--summary-markdown", "m.md", "--annotate",
                  cwd=folder)
    expect_exit(report, 12)
    check(re.search(r"^::error file=properties/[a-z_]+.cc,line=\d+,title=holdfast-sim%3A ", report.stdout, re.M),
          "the check is annotated", report)
    check(re.search(r"^::warning title=holdfast-sim sweep%3A missing::shard 1/3 .*%0Ashard 2/3 ", report.stdout, re.M),
          "so is what is missing", report)
    for word in ("shard 1/3 (seeds 11 to 20)", "shard 2/3 (seeds 21 to 30)", "a/shard-1-of-3.json' is cut off"):
        check(word in report.stdout, f"the text has {word}", report)
        check(word in re.sub(r"\\(.)", r"\1", (folder / "m.md").read_text()), f"the Markdown has {word}", report)
    account = json.loads((folder / "m.json").read_text())
    check(account["schema"] == "holdfast-sim/merge/1" and account["exit_code"] == 12, "the JSON names its schema")
    check(len(account["missing"]) == 2 and len(account["refused"]) == 1, "and has all of it")
    cases = xml.etree.ElementTree.parse(folder / "m.xml").getroot()
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    check(int(cases.get("failures")) == len(failed) == 5, f"JUnit: property, class, refused, two missing: {failed}")
    (folder / "b").mkdir()
    shutil.copy(folder / "a/sweep.json", folder / "b/sweep.json")
    (folder / "shard-1-of-3.json").rename(folder / "b/shard-1-of-3.json")
    check(merged("a", "b", cwd=folder, code=12)["sums"]["seeds"] == 20, "several folders add up")
    refused(call("merge", cwd=folder), "DIR")
    refused(call("merge", "nowhere", cwd=folder), "'nowhere'", "--out of a sweep")
    refused(call("merge", ".", cwd=folder), "'.'", "sweep.json")
    full = call("merge", "a", "--summary-markdown", "/dev/full", cwd=folder)
    check(full.returncode == 12 and "No space left" in full.stderr, "the failures count more", full)


CASES = {f.__name__: f for f in (shards, shrinking, resume, together, refusals, disk, merging)}

if __name__ == "__main__":
    play(CASES)
