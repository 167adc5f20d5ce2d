#!/usr/bin/env python3
"""Plants bugs, one at a time, and shows which of them the model checker finds in small configurations.

Each mutant of properties/mutants/ is built in a copy of the sources and explored, breadth first, in the explorations
below: those with few faults first, and of those the small ones. The first that ends with a violation is told, with its
number of events: no counterexample of that exploration has fewer. Then random walks go where no search comes to an end;
of what they find nothing can be left out, but there may be shorter ways.

exit codes: 0 all were explored; 1 a patch does not build; 2 bad usage, or a patch that does not apply; 130 interrupted
"""

import argparse
import datetime
import hashlib
import json
import re
import subprocess
import time

from mutant_bench import NOT_CHECKER, ROOT, WORK, Bench, choose, run
from source_copy import Failed

CONNECTIONS = ("--links", "connections")
SLOW_DISKS = ("--disks", "slow")
WALKS = ("--walks", "1000000", "--bug-depth", "4", "--engine", "replay")

# Seconds: by so much later an exploration has ended that was asked to.
SLACK = 150

# With so many faults: where it begins, the budget, and flags.
EXPLORATIONS = [
    (0, "running", "append=2"),
    (0, "two-terms", "append=3"),
    (0, "running", "append=1,read=1"),
    (0, "running", "append=1,overreach=1"),
    (0, "running", "append=2,catchup=1"),
    (0, "running", "append=1,truncate=1"),
    (0, "running", "append=1,truncate=1,catchup=1"),
    (0, "running", "elect=1"),
    (0, "running", "elect=1,append=1", *CONNECTIONS),
    (0, "running", "elect=2", *CONNECTIONS),
    (0, "boot", "elect=1,append=1"),
    (0, "running", "elect=1,read=1"),
    (0, "running", "append=2,retry=1"),
    (0, "running", "elect=1,append=1,retry=1", *CONNECTIONS),
    (0, "running", "append=2,truncate=1", *SLOW_DISKS, *CONNECTIONS),
    (0, "elected", "elect=2,append=1", *CONNECTIONS),
    (0, "elected", "elect=1,append=2,retry=1", *CONNECTIONS),
    (1, "running", "append=2,duplicate=1"),
    (1, "running", "append=2,crash=1"),
    (1, "two-terms", "append=2,crash=1"),
    (1, "running", "append=1,truncate=1,crash=1"),
    (1, "running", "append=1,catchup=1,duplicate=1"),
    (1, "running", "append=2,alarm=1"),
    (4, "impatient", "append=2,alarm=8", *CONNECTIONS),
    (1, "running", "append=2,error=1"),
    (1, "running", "elect=1,append=1,error=1", *CONNECTIONS),
    (1, "elected", "elect=1,crash=1"),
    (1, "running", "elect=1,duplicate=1"),
    (1, "running", "elect=1,crash=1"),
    (1, "running", "elect=1,append=1,crash=1", *CONNECTIONS),
    (1, "running", "append=1,wipe=1,alarm=1"),
    (1, "empty", "elect=1,append=1,wipe=1", *CONNECTIONS),
    (1, "running", "append=2,truncate=1,crash=1", *CONNECTIONS),
    (1, "truncated", "catchup=1,crash=1", *CONNECTIONS),
    (1, "truncated", "catchup=1,crash=1", *SLOW_DISKS, *CONNECTIONS),
    (1, "elected", "elect=1,append=1,retry=1,crash=1", *CONNECTIONS),
    (2, "running", "append=1,wipe=1,crash=1", *CONNECTIONS),
    (2, "elected", "elect=1,error=1,crash=1"),
    (2, "running", "append=2,crash=2"),
    (0, "elected", "elect=2,append=2", *WALKS),
    (0, "elected", "elect=2,append=1,truncate=1,retry=1", *WALKS),
    (0, "empty", "elect=2,append=2,truncate=1,catchup=1", *WALKS),
    (1, "empty", "elect=2,append=2,crash=1", *WALKS),
    (1, "empty", "elect=1,append=1,wipe=1,alarm=1", *WALKS),
    (1, "ghost-vote", "elect=1,append=1", *CONNECTIONS),
    (1, "lost-vote", "elect=1,append=1,alarm=2", *WALKS),
    (2, "running", "elect=1,append=1,wipe=1,crash=1", *WALKS),
    (2, "ghost-votes", "elect=1,append=1", *CONNECTIONS),
    (2, "lost-votes", "elect=1,append=1,alarm=3", *WALKS),
]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/mutants_explored.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of properties/mutants/NAME.patch (none: all)")
    parser.add_argument("--time", default="20s", metavar="T", type=length_of_time, help="for each exploration (default 20s)")
    parser.add_argument("--resume", action="store_true",
                        help="leave out what was explored in these very sources before (build/mutants/explored.json; with "
                             "--write docs/mutants-explored.json)")
    parser.add_argument("--write", action="store_true", help="write the table to docs/mutants-explored.md")
    return parser.parse_args()


def seconds_of(limit):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", limit).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def length_of_time(text):
    if not re.fullmatch(r"\d+(ms|s|m|h)", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no length of time; use a number with ms, s, m or h, as 20s")
    return text


def explore(program, configuration, budget, flags, limit):
    """What came of it: 'found', or None."""
    path = WORK / "certificate.json"
    path.unlink(missing_ok=True)
    result = {"found": [configuration, budget, *flags], "states": None}
    try:
        told = subprocess.run([str(program), "explore", configuration, "--budget", budget, *flags, "--time", limit,
                               "--memory", "4000", "--json", str(path)], capture_output=True, text=True,
                              errors="replace", timeout=seconds_of(limit) + SLACK)
    except subprocess.TimeoutExpired:
        return result | {"said": "no_abort: the code of a member does not return", "events": None}
    if told.returncode == 130:
        raise KeyboardInterrupt
    # Where members do something else, the script of a configuration may not be possible.
    if told.returncode in (0, 14) or told.returncode == 2 and "can not be reached" in told.stderr:
        return None
    if told.returncode in (12, 13):
        certificate = json.loads(path.read_text(encoding="utf-8"))
        violation = certificate["violation"]
        return result | {"states": certificate.get("states"), "walked": "--walks" in flags, "said": violation["text"],
                         "events": len(violation["events"]) - violation["script_events"]}
    # The code of a member aborted, or the process died of it.
    if told.returncode != 10 and told.returncode > 0:
        raise Failed(f"explore {configuration} --budget {budget}: exit {told.returncode}\n{told.stderr.strip()}")
    lines = re.findall(r"^ +\d+  .*$", told.stdout, re.M)
    said = told.stderr.strip().splitlines()[-1] if told.stderr.strip() else f"exit {told.returncode}"
    return result | {"said": f"no_abort: {said}", "events": len(lines) or None}


def hunt(program, limit):
    began = time.monotonic()
    for faults, configuration, budget, *flags in EXPLORATIONS:
        result = explore(program, configuration, budget, flags, limit)
        if result:
            return result | {"faults": faults, "seconds": time.monotonic() - began}
    return {"found": None, "seconds": time.monotonic() - began}


def say(name, result):
    if result.get("problem"):
        print(f"{name}: {result['problem']}", flush=True)
    elif not result["found"]:
        print(f"{name}: not found in {result['seconds']:.0f} s", flush=True)
    else:
        print(f"{name}: {' '.join(result['found'])}: {result['events']} events, after {result['seconds']:.1f} s: "
              f"{result['said']}", flush=True)


def table(mutants, rows, arguments):
    found = [m for m in mutants if rows[m.name]["found"]]
    missing = [m for m in mutants if not rows[m.name]["found"]]
    lines = []
    for mutant in found:
        row = rows[mutant.name]
        events = f"at most {row['events']}" if row.get("walked") else row["events"] or "?"
        where = " ".join(row["found"]).replace(" ".join(WALKS), "walks")
        lines.append(f"| [{mutant.name}](../properties/mutants/{mutant.name}.patch) | {mutant.breaks} | "
                     f"`{where}` | {row['faults']} | {events} | {row['said'].partition(':')[0]} |")
    left = "\n".join(f"* [{m.name}](../properties/mutants/{m.name}.patch): {m.breaks}" for m in missing)
    return f"""# Mutants in small configurations

Which of the bugs of [mutants.md](mutants.md) the model checker finds, and with how few events. `python3 tools/mutants_explored.py
--write` wrote this page on {datetime.date.today()}: each mutant was explored in the explorations of that script, breadth first, for
{arguments.time} or less each, until one ended with a violation; of those without faults no shorter counterexample is in that exploration.
What walks found was shortened until nothing could be left out.

{len(found)} of {len(mutants)} are found.

| mutant | breaks | explored | faults | events | said by |
|---|---|---|---:|---:|---|
""" + "\n".join(lines) + f"""

Not found there: some need more members or more of a kind than these explorations have, some are in the disk below the records or in
the elector, neither of which is explored, and some break no promise that the referee knows of (progress).

{left}
"""


def main():
    arguments = parse_arguments()
    if arguments.write and arguments.names:
        raise Failed("--write wants all mutants: name none")
    chosen = choose(arguments.names)
    bench = Bench()
    sources = bench.digest(NOT_CHECKER)
    # What the page is made of is kept with it: all of it takes hours, which may be of several days.
    path = ROOT / "docs" / "mutants-explored.json" if arguments.write else WORK / "explored.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for mutant in chosen:
        digest = hashlib.sha256((sources + mutant.text + arguments.time + json.dumps(EXPLORATIONS)).encode()).hexdigest()
        if arguments.resume and rows.get(mutant.name, {}).get("digest") == digest:
            continue
        try:
            result = hunt(bench.plant(mutant), arguments.time)
        except Failed as problem:
            result = {"problem": str(problem), "found": None}
        say(mutant.name, result)
        rows[mutant.name] = result | {"digest": digest}
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    found = [m for m in chosen if rows[m.name]["found"]]
    print(f"{len(found)} of {len(chosen)} found")
    problems = any(rows[m.name].get("problem") for m in chosen)
    if arguments.write and not problems:
        (ROOT / "docs" / "mutants-explored.md").write_text(table(chosen, rows, arguments), encoding="utf-8")
        print("written: docs/mutants-explored.md")
    return 1 if problems else 0


if __name__ == "__main__":
    run("mutants_explored", main)
