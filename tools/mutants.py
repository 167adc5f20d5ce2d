#!/usr/bin/env python3
"""Plants bugs, one at a time, and shows that the simulator finds each of them.

A mutant is a patch of a few lines in properties/mutants/, with a header that says what it breaks, where
such a bug was seen, and which properties must catch it.  Each is built in a copy of the sources, hunted
from seed 1 on, shrunk, replayed by the line that was printed, and exported as a regression, which must
fail with the mutant and pass without.

exit codes: 0 every mutant was found as its header says; 1 some were not; 2 bad usage, or a patch that does
not apply or build; 130 interrupted
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time

from mutant_bench import ROOT, WORK, Bench, choose, run
from source_copy import Failed

FIRST_SEED = 1
SHRINK_BUDGET_S = 40
FOUND_SOON_S = 60
MISSING = {"members": None, "faults": None, "operations": None, "events": None}


def duration(text):
    match = re.fullmatch(r"(\d+)(s|m|h)", text)
    if not match or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration; say 60s, 30m or 2h")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of properties/mutants/NAME.patch (none: all)")
    parser.add_argument("--list", action="store_true", help="show what each mutant breaks, and hunt none")
    parser.add_argument("--budget", type=duration, default="30m", metavar="T",
                        help="real time after which a mutant is given up (default 30m)")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="J",
                        help="worker processes (default: one per core)")
    parser.add_argument("--resume", action="store_true",
                        help="leave out what was found in these very sources before (build/mutants/results.json)")
    parser.add_argument("--write", action="store_true", help="write the table to docs/mutants.md; all must be found")
    return parser.parse_args()


def play(program, *arguments, cwd):
    return subprocess.run([str(program), *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace")


def property_of(failure):
    """The first thing that the run broke; a process that died without a word broke no_abort."""
    if failure["violations"]:
        return failure["violations"][0]["property"]
    return "no_abort" if failure["kind"] == "crash" else failure["kind"]


def hunt(mutant, program, arguments):
    """From `run` to the story; what the account says, and how long it took."""
    folder = WORK / mutant.name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "scenarios" / "regress").mkdir(parents=True)
    began = time.monotonic()
    told = play(program, "run", mutant.scenario, "--seed", FIRST_SEED, "--seeds", 10**9, "--failures", 1,
                "--jobs", arguments.jobs, "--budget", f"{arguments.budget}s", "--shrink", "--shrink-budget",
                f"{SHRINK_BUDGET_S}s", "--json", "run.json", *mutant.flags, cwd=folder)
    seconds = time.monotonic() - began
    (folder / "story.txt").write_text(told.stdout + told.stderr, encoding="utf-8")
    if told.returncode == 130:
        raise KeyboardInterrupt
    if told.returncode == 2:
        raise Failed(f"run refused: {told.stderr.strip()}")
    account = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    result = {"seeds": account["totals"]["seeds"], "found_s": account["totals"]["real_seconds"], "story_s": seconds}
    if not account["failures"]:
        return result | {"problem": f"not found in {result['seeds']:,} seeds and {seconds:.0f} s"}
    failure = account["failures"][0]
    result |= {"property": property_of(failure), "seed": failure["seed"], "exit_code": failure["exit_code"],
               "small": failure["small"] or MISSING}
    if result["property"] not in mutant.caught_by:
        return result | {"problem": f"caught by {result['property']}, not by {', '.join(mutant.caught_by)}"}
    result["replay"] = shlex.split(failure["replay"])[1:]
    result["file"] = failure["small_file"] or failure["file"]
    return result


def fails_with(result, program, arguments, folder):
    """The same exit code, and the property is named; a process that died without a word names none."""
    again = play(program, *arguments, cwd=folder)
    wanted = result["property"]
    return again.returncode == result["exit_code"] and (wanted in again.stdout or wanted == "no_abort")


def check_story(mutant, program, result):
    """That what was printed reproduces, and that the regression made from it fails; or what is wrong."""
    folder = WORK / mutant.name
    if not fails_with(result, program, result["replay"], folder):
        return f"the line that was printed does not reproduce it: {shlex.join(result['replay'])}"
    exported = play(program, "export", result["file"], "--name", mutant.name, cwd=folder)
    made = list((folder / "scenarios" / "regress").glob("*.plan"))
    if exported.returncode != 0 or len(made) != 1:
        return f"export failed: {exported.stderr.strip()}"
    result["regression"] = str(made[0])
    if not fails_with(result, program, ["replay", made[0]], folder):
        return f"the exported regression does not fail: {made[0]}"
    return None


def check_regressions(program, results):
    """With the bugs taken out, every regression must pass."""
    for name, result in sorted(results.items()):
        if result.get("problem") or result.get("regression_passes"):
            continue
        replayed = play(program, "replay", result["regression"], cwd=WORK)
        result["regression_passes"] = replayed.returncode == 0
        if replayed.returncode != 0:
            result["problem"] = f"its regression fails without it, too (exit {replayed.returncode})"
            print(f"{name}: {result['problem']}: {result['regression']}", flush=True)


def size_text(small):
    if small["members"] is None:
        return "not shrunk"
    return f"{small['members']} members, {small['faults']} faults, {small['operations']} operations, {small['events']} events"


def say(name, result):
    if result.get("problem"):
        print(f"{name}: {result['problem']}", flush=True)
        return
    print(f"{name}: {result['property']} at seed {result['seed']}, after {result['seeds']:,} seeds and "
          f"{result['found_s']:.1f} s; story after {result['story_s']:.0f} s: {size_text(result['small'])}", flush=True)


def medians(results):
    small = [r["small"] for r in results if r["small"]["members"] is not None]
    return {key: statistics.median(s[key] for s in small) for key in MISSING}


def summary_of(results):
    found = [r for r in results if not r.get("problem")]
    text = f"{len(found)} of {len(results)} found as their headers say"
    if not found:
        return text
    within = lambda key: sum(r[key] <= FOUND_SOON_S for r in found)  # noqa: E731
    middle = medians(found)
    return (f"{text}, {within('found_s')} within {FOUND_SOON_S} s; story within {FOUND_SOON_S} s: {within('story_s')}; "
            f"medians of the shrunk runs: {middle['members']:g} members, {middle['faults']:g} faults, "
            f"{middle['operations']:g} operations, {middle['events']:g} events")


def table(mutants, results, arguments):
    rows = []
    for mutant in mutants:
        r = results[mutant.name]
        small = r["small"]
        size = "–" if small["members"] is None else " / ".join(str(small[key]) for key in MISSING)
        rows.append(f"| [{mutant.name}](../properties/mutants/{mutant.name}.patch) | {mutant.breaks} | {mutant.seen} | "
                    f"{r['property']} | {r['seeds']:,} | {r['found_s']:.1f} | {r['story_s']:.0f} | {size} |")
    found = [results[m.name] for m in mutants]
    return f"""# Mutants

Bugs of a few lines, each planted alone, and how long the simulator took to find it. `./dev mutants --write` wrote this
page on {datetime.date.today()}, with {arguments.jobs} workers, from seed {FIRST_SEED} on; `./dev mutants NAME` hunts one. [TESTING.md](TESTING.md#mutants)
says how a mutant is made.

{summary_of(found)}.

For each of them the printed `replay` line failed in the same way, and the exported regression failed with the mutant
and passed without. *Seeds* and *found*: played until the first failing run, and seconds; *story*: seconds from `run` to
the end of its account, shrunk, with what it needs and when it was inevitable. *Shrunk*: members / faults / operations /
events of the protocol until it fails; "–": nothing could be left out, since the run never ends.

| mutant | breaks | seen in | caught by | seeds | found, s | story, s | shrunk |
|---|---|---|---|---|---|---|---|
""" + "\n".join(rows) + "\n"


class Ledger:
    """What was found so far, kept over runs of this script."""

    def __init__(self):
        self.path = WORK / "results.json"
        self.rows = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def put(self, name, result):
        self.rows[name] = result
        self.path.write_text(json.dumps(self.rows, indent=1), encoding="utf-8")

    def holds(self, name, digest):
        row = self.rows.get(name)
        return row is not None and row["digest"] == digest and not row.get("problem")

    def found(self, mutant):
        """What is known of it; that another property caught it is a problem also afterwards."""
        row = self.rows[mutant.name]
        if not row.get("problem") and row["property"] not in mutant.caught_by:
            row["problem"] = f"caught by {row['property']}, not by {', '.join(mutant.caught_by)}"
        return row


def examine(bench, mutant, arguments):
    """A mutant that does not build or run is a problem of its own, and no reason to leave the others out."""
    try:
        program = bench.plant(mutant)
        result = hunt(mutant, program, arguments)
        if not result.get("problem"):
            result["problem"] = check_story(mutant, program, result)
        return result
    except Failed as problem:
        return {"problem": str(problem)}


def digest_of(core, mutant):
    """Of what decides how its hunt goes."""
    diff = mutant.text.partition("\n--- ")[2]
    return hashlib.sha256("\0".join((core, diff, mutant.scenario, *mutant.flags)).encode()).hexdigest()


def hunt_all(bench, chosen, arguments):
    ledger, core = Ledger(), bench.digest()
    digests = {m.name: digest_of(core, m) for m in chosen}
    for number, mutant in enumerate(chosen, 1):
        if arguments.resume and ledger.holds(mutant.name, digests[mutant.name]):
            continue
        if sys.stderr.isatty():
            print(f"\r\033[Kmutant {number} of {len(chosen)}: {mutant.name}", end="\r", file=sys.stderr, flush=True)
        result = examine(bench, mutant, arguments) | {"digest": digests[mutant.name]}
        say(mutant.name, result)
        ledger.put(mutant.name, result)
    results = {m.name: ledger.found(m) for m in chosen}
    check_regressions(bench.build(), results)
    for name, result in results.items():
        ledger.put(name, result)
    return results


def main():
    arguments = parse_arguments()
    chosen = choose(arguments.names)
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.name}: {mutant.breaks} ({', '.join(mutant.caught_by)})")
        return 0
    if arguments.write and arguments.names:
        raise Failed("--write wants all mutants: name none")
    results = hunt_all(Bench(), chosen, arguments)
    print(summary_of(results.values()))
    failed = any(r.get("problem") for r in results.values())
    if arguments.write and not failed:
        (ROOT / "docs" / "mutants.md").write_text(table(chosen, results, arguments), encoding="utf-8")
        print("written: docs/mutants.md")
    elif arguments.write:
        print("docs/mutants.md was left as it is: not every mutant was found as its header says")
    return 1 if failed else 0


if __name__ == "__main__":
    run("mutants", main)
