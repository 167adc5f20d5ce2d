#!/usr/bin/env python3
"""Compares the model checker with Spin, in one run on one machine.

spin.py PROGRAM [--json FILE]: Spin goes through Lamport's module Paxos (paxos.pml); holdfast-sim through the same
states, written in C++, and through the log's own code. Where both go through the same model they must meet as many
states. Needs Debian's packages spin and gcc.

exit codes: 0 the figures agree; 1 they do not; 2 a program is missing or failed
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).resolve().parent / "paxos.pml"
EXPLORED = ("running", "elect=1,append=1")
KNOWN = {"lamport-2": 2, "lamport-3": 3}
LARGEST = 4


def run(command, cwd, codes=(0,)):
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    except OSError as problem:
        raise SystemExit(f"spin.py: {command[0]}: {problem.strerror}; apt-get install spin gcc") from problem
    if done.returncode not in codes:
        raise SystemExit(f"spin.py: {' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def figure(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"spin.py: Spin did not say '{pattern}':\n{text}")
    return float(found[1])


def by_spin(ballots, folder):
    run(["spin", f"-DBALLOTS={ballots}", "-a", MODEL], folder)
    run(["gcc", "-O2", "-w", "-DSAFETY", "-DMEMLIM=8000", "-o", "pan", "pan.c"], folder)
    said = run(["./pan", "-m1000000", "-w24"], folder)
    if figure(r"errors: (\d+)", said) != 0:
        raise SystemExit(f"spin.py: two values are chosen in the model\n{said}")
    states = int(figure(r"(\d+) states, stored", said))
    memory = figure(r"([\d.]+)\s+actual memory usage for states", said)
    return {"what": f"Spin: Paxos, {ballots} ballots", "states": states,
            "transitions": int(figure(r"(\d+) transitions", said)),
            "seconds": figure(r"elapsed time ([\d.]+) seconds", said),
            # Without its hash table.
            "bytes": memory * 2**20 / states}


def by_calibration(program, name, folder):
    run([program, "calibrate", name, "--json", "calibrate.json"], folder)
    model = json.loads((pathlib.Path(folder) / "calibrate.json").read_text())["models"][0]
    return {"what": f"holdfast: Paxos, {KNOWN[name]} ballots", "states": model["found"]["states"],
            "transitions": model["found"]["generated"], "seconds": model["seconds"], "bytes": None}


def by_exploration(program, folder):
    configuration, budget = EXPLORED
    run([program, "explore", configuration, "--budget", budget, "--json", "explore.json"], folder)
    found = json.loads((pathlib.Path(folder) / "explore.json").read_text())
    return {"what": f"holdfast: the log, {configuration} {budget}", "states": found["states"],
            "transitions": found["transitions"], "seconds": found["seconds"], "bytes": found["visited_bytes"] / found["states"]}


def text_of(row):
    rate = row["transitions"] / max(row["seconds"], 0.005)
    size = "" if row["bytes"] is None else f"{row['bytes']:.0f}"
    return (f"{row['what']:<46} {row['states']:>12,} {row['transitions']:>12,} {row['seconds']:>8.2f} {rate:>12,.0f} "
            f"{size:>6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the rows there, as well")
    arguments = parser.parse_args()
    print(f"{'':<46} {'states':>12} {'transitions':>12} {'seconds':>8} {'per second':>12} {'bytes':>6}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        def add(row):
            rows.append(row)
            print(text_of(row), flush=True)

        agree = True
        for name, ballots in KNOWN.items():
            add(by_spin(ballots, folder))
            add(by_calibration(arguments.program, name, folder))
            agree = agree and rows[-1]["states"] == rows[-2]["states"]
        add(by_spin(LARGEST, folder))
        add(by_exploration(arguments.program, folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    if not agree:
        print("Spin and holdfast did not meet as many states of the same model")
    return 0 if agree else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SystemExit as problem:
        if isinstance(problem.code, str):
            print(problem.code, file=sys.stderr)
            sys.exit(2)
        raise
