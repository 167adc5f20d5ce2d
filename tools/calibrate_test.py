#!/usr/bin/env python3
"""holdfast-sim calibrate as a person or a script meets it: calibrate_test.py PROGRAM CASE"""

import json
import signal
import time

from sim_testing import call, check, expect_exit, play, start


def figures(folder):
    """Every figure is exact, in the table and in the JSON."""
    done = call("calibrate", "--json", "figures.json", cwd=folder)
    expect_exit(done, 0)
    models = json.loads((folder / "figures.json").read_text())["models"]
    by_name = {model["name"]: model for model in models}
    for name, states in {"2pc-3": 288, "2pc-5": 8832, "register": 93, "abd": 544, "paxos-2": 16668, "paxos-3": 1194428,
                         "lamport-2": 3921, "voting-3": 6752, "voting-2-orbits": 77}.items():
        check(by_name[name]["found"]["states"] == states and by_name[name]["exact"], f"{name} has {states} states", done)
    check(by_name["lamport-2"]["found"]["depth"] == 17 and by_name["voting-3"]["found"]["depth"] == 16, "depths", done)
    for name, traces in {"lastzero-5": 64, "lastzero-15": 147456, "readers-13": 8192, "deliver-4x3": 13824}.items():
        check(by_name[name]["found"] == {"traces": traces} and by_name[name]["exact"], f"{name}: {traces} traces", done)
    check(done.stdout.count("\nexact ") == len(models), "the table says so, too", done)
    check(f"{len(models)} of {len(models)} models are exact" in done.stdout, "and sums up", done)


def names(folder):
    one = call("calibrate", "abd", "2pc-3", cwd=folder)
    expect_exit(one, 0)
    check("2 of 2 models are exact" in one.stdout, "those that were named, and no others", one)
    wrong = call("calibrate", "abd", "raft", cwd=folder)
    expect_exit(wrong, 2)
    check("'raft' is no model; use one of 2pc-2" in wrong.stderr and not wrong.stdout, "what is wrong is named", wrong)
    nowhere = call("calibrate", "register", "--json", "/dev/null/figures.json", cwd=folder)
    expect_exit(nowhere, 2)
    check("'/dev/null'" in nowhere.stderr, "a file that cannot be written is named", nowhere)


def interrupt(folder):
    """Ctrl-C in the middle ends it soon, and it says where it was."""
    program = start("calibrate", "paxos-3", "paxos-3", "paxos-3", "paxos-3", "paxos-3", "paxos-3", cwd=folder)
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    _, error = program.communicate(timeout=60)
    check(program.returncode == 130 and "interrupted in paxos-3" in error, f"exit {program.returncode}: {error}")


if __name__ == "__main__":
    play({"figures": figures, "names": names, "interrupt": interrupt})
