#!/usr/bin/env python3
"""Repeats the explorations whose certificates are in docs/certificates/, or with --write makes them anew.

certificates.py [--write] [--quick] PROGRAM: repeated, each must come out as it was written.  --quick leaves out those
with more than 100,000 states.
certificates.py --tables: the rows of docs/CHECKER.md, from the certificates.
certificates.py --engines [--most N] [--only TEXT] [--resume] PROGRAM: those with at most N states (100,000) are gone through
by the reference as well, which must meet the same states.  docs/certificates/engines.json then says so, and --resume leaves
out what it says of these very sources and of such a PROGRAM, with sanitizers or without.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from mutant_bench import NOT_CHECKER, ROOT, Tree, core_digest

FOLDER = ROOT / "docs" / "certificates"

# What must be the same; not the time that it took, nor the core, which has many parts that these do not touch.
KEYS = ("ending", "states", "transitions", "depth", "terminals", "local_states")

CONNECTIONS = ("--links", "connections")
LIVENESS = ("--liveness",)
# Takes less memory.
DEPTH = ("--order", "depth")
FROM_BOOT = ("--from-boot",)
# Member 1 is elected twice, and crashes between; a connection ends.
CUT = ("elect=2,append=2,crash=1,cut=1", "--where", "elect=1,append=1,crash=1")

# Where it begins, what may happen, and flags.
EXPLORATIONS = [
    ("boot", "elect=1"),
    ("boot", "elect=1,append=1"),
    ("boot", "elect=1,crash=1"),
    ("boot", "elect=2", *CONNECTIONS),
    ("empty", "elect=1,append=2"),
    ("elected", "append=2,crash=1"),
    ("running", "append=2"),
    ("running", "append=2,crash=1"),
    ("running", "append=2,crash=2"),
    ("running", "append=2,duplicate=1"),
    ("running", "append=2,crash=1,duplicate=1"),
    ("running", "append=2,truncate=1"),
    ("running", "append=3,crash=1"),
    ("running", "append=2,read=1"),
    ("running", "append=1,truncate=1,catchup=1"),
    ("running", "append=1,wipe=1,alarm=1"),
    ("running", "elect=1"),
    ("running", "elect=1,crash=1", *LIVENESS),
    ("running", "elect=1,duplicate=1"),
    ("running", "elect=1,read=1"),
    ("running", "elect=1,append=1"),
    ("running", "elect=1,append=1", *CONNECTIONS),
    ("running", "elect=1,append=1,crash=1", *CONNECTIONS, *LIVENESS),
    ("running", "elect=1,append=1,cut=1", *CONNECTIONS),
    ("running", "elect=1,append=1,duplicate=1", *CONNECTIONS),
    ("running", "elect=2", *CONNECTIONS),
    ("running", "append=2,truncate=1,catchup=1", *CONNECTIONS),
    ("empty", "elect=2,append=2", *CONNECTIONS, *DEPTH),
    ("elected", "elect=1,append=2,crash=1", *CONNECTIONS),
    ("running", "append=2,wipe=1,alarm=1", *CONNECTIONS, *LIVENESS),
    ("two-terms", "append=3"),
    ("two-terms", "append=3,crash=1"),
    ("blank", "alarm=0", *LIVENESS),
    ("blank", "crash=1", *LIVENESS),
    ("blank", "wipe=1", *LIVENESS),
    ("blank", "crash=1,alarm=1", *CONNECTIONS, *LIVENESS),
    ("running", "append=2,error=1"),
    ("running", "append=2,truncate=1,error=1", *CONNECTIONS),
    ("running", "elect=1,append=1,error=1", *CONNECTIONS),
    ("elected", "elect=1,append=2,error=1", *CONNECTIONS, *DEPTH),
    ("running", "append=1,wipe=1,error=1", *CONNECTIONS),
    ("running", "elect=1,append=1,retry=1", *CONNECTIONS),
    ("elected", "elect=1,append=1,retry=1,crash=1", *CONNECTIONS),
    ("running", "append=1,wipe=1,crash=1", *CONNECTIONS),
    ("empty", "elect=1,append=1,wipe=1", *CONNECTIONS, *DEPTH),
    ("mesos_g1", "elect=1,append=2,crash=1"),
    ("mesos_g1", *CUT, *FROM_BOOT, *CONNECTIONS),
    ("mesos_g2", "elect=1,append=1,wipe=1", *FROM_BOOT, *CONNECTIONS),
    ("mesos_g2b", "elect=1,append=1", *CONNECTIONS),
    ("mesos_g3", "append=3"),
    ("mesos_g3", "elect=2,append=3", *FROM_BOOT, *CONNECTIONS),
]

# Two elections, one of them in the script: by who is elected and whose disk is lost.  Together every schedule of the
# budget, but that members 2 and 3 are alike.
WIPES = [("elected", "elect=1,append=2,wipe=1", "--where", f"elect={elected},wipe={lost}", *CONNECTIONS, *DEPTH)
         for elected in (1, 2) for lost in (1, 2, 3)]

# The same, by who is elected.
CATCH_UPS = [("elected", "elect=1,append=2,truncate=1,catchup=1", "--where", f"elect={elected}", *CONNECTIONS, *DEPTH)
             for elected in (1, 2)]

# Two faults, or a fault and a truncation with a catch-up.
PAIRS = [
    ("elected", "elect=1,append=2,crash=1,duplicate=1", *CONNECTIONS, *DEPTH),
    ("elected", "elect=1,append=2,duplicate=1,truncate=1,catchup=1", "--where", "elect=1", *CONNECTIONS, *DEPTH),
    ("elected", "elect=1,append=2,crash=1,wipe=1", "--where", "elect=1,wipe=1", *CONNECTIONS, *DEPTH),
    ("elected", "elect=1,append=2,wipe=1,duplicate=1", "--where", "elect=1,wipe=1", *CONNECTIONS, *DEPTH),
]

# With what each gap of Mesos was found with, and the repairs in.
CLOSED = [
    ("boot", *CUT, *CONNECTIONS, *DEPTH),
    ("boot", "elect=1,append=1,wipe=1", *CONNECTIONS, *DEPTH),
    ("ghost-vote", "elect=1,append=1", *CONNECTIONS, *DEPTH),
    ("ghost-votes", "elect=1,append=1", *CONNECTIONS, *DEPTH),
    ("two-terms", "elect=2,append=3", *FROM_BOOT, *CONNECTIONS, *DEPTH),
]

# Minutes each; repeated with --slow.
SLOW = [
    ("empty", "elect=2,append=2,duplicate=1", *CONNECTIONS, *DEPTH),
    ("empty", "elect=2,append=2,crash=1", *CONNECTIONS, *DEPTH),
    *WIPES,
    *CATCH_UPS,
    *PAIRS,
    *CLOSED,
]


# What both engines must say; the sums tell which states, and not only how many.
MET = ("ending", "states", "transitions", "depth", "terminals", "states_sum", "terminals_sum")
# A search that ends with a violation has met more or less of the last level, as its engine orders events.
SHORTEST = ("ending", "depth")


def explore(program, configuration, budget, *flags):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "certificate.json"
        command = [program, "explore", configuration, "--budget", budget, *flags, "--json", str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 12):
            sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(path.read_text())


class Ledger:
    """Which explorations both engines agreed on: by sources, kind of program, and name."""

    def __init__(self, program):
        self.path = FOLDER / "engines.json"
        self.sources = core_digest(Tree(ROOT).files, NOT_CHECKER)[:16]
        libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        self.kind = "sanitized" if "libasan" in libraries else "plain"

    def read(self):
        """What is written of these sources; what is of others is forgotten."""
        written = json.loads(self.path.read_text()) if self.path.exists() else {}
        if written.get("sources") != self.sources:
            written = {"sources": self.sources, "plain": {}, "sanitized": {}}
        return written

    def agreed(self, name):
        return name in self.read()[self.kind]

    def note(self, name, certificate, seconds):
        # Several of these may be at work.
        written = self.read()
        written["core"] = certificate["core"]
        written[self.kind][name] = {"states": certificate["states"], "states_sum": certificate["states_sum"],
                                    "ending": certificate["ending"], "seconds": round(seconds, 1),
                                    "day": str(datetime.date.today())}
        part = self.path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
        part.rename(self.path)


def compare_engines(program, most, only, resume):
    """Of each exploration whose file's name has `only`, by both."""
    ledger = Ledger(program)
    compared = before = wrong = 0
    for configuration, budget, *flags in EXPLORATIONS:
        path = path_of(configuration, budget, *flags)
        if only not in path.name or json.loads(path.read_text())["states"] > most:
            continue
        if resume and ledger.agreed(path.stem):
            before += 1
            continue
        began = time.monotonic()
        # What is not stuck is for one engine to say.
        flags = [flag for flag in flags if flag not in LIVENESS]
        memo = explore(program, configuration, budget, *flags)
        replay = explore(program, configuration, budget, *flags, "--engine", "replay")
        compared += 1
        differing = [key for key in (MET if memo["ending"] == "exhausted" else SHORTEST) if memo[key] != replay[key]]
        for key in differing:
            print(f"{configuration} {budget}: {key} is {memo[key]} by one engine, {replay[key]} by the other")
        wrong += len(differing)
        print(f"{configuration} {budget}: {memo['ending']}, {memo['states']:,} states by both engines, "
              f"{time.monotonic() - began:.1f} s", flush=True)
        if not differing:
            ledger.note(path.stem, memo, time.monotonic() - began)
    if compared + before == 0:
        sys.exit("nothing was compared")
    if wrong:
        sys.exit("the engines disagree")
    print(f"both engines agree on all {compared + before}" + (f", of {before} it was known" if before else ""))


def path_of(configuration, budget, *flags):
    words = [configuration, *budget.replace("=", "").split(",")]
    named = [flag.removeprefix("--") for flag in flags if flag not in ("--links", "--order", "--where")]
    words += [word.replace("=", "@").replace(",", "+") for word in named]
    return FOLDER / ("+".join(words) + ".json")


def print_tables():
    for wanted in ((), CONNECTIONS):
        for configuration, budget, *flags in EXPLORATIONS + SLOW:
            path = path_of(configuration, budget, *flags)
            if not path.exists():
                continue
            said = json.loads(path.read_text())
            links = CONNECTIONS if said.get("links") == "connections" else ()
            if links != wanted or said["ending"] != "exhausted":
                continue
            what = "nothing" if budget == "alarm=0" else budget.replace(",", " ")
            live = ", live" if "--liveness" in flags else ""
            where = f"; only {said['where']}" if "--where" in flags else ""
            begins = f"`{configuration}`" + (" from the boots" if "--from-boot" in flags else "")
            print(f"| {begins} | {what}{where}{live} | {said['states']:,} | {said['transitions']:,} | {said['depth']} | "
                  f"{said['local_states']:,} | {said['reactions']:,} | {said['seconds']:.1f} |")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--slow", action="store_true", help="those that take minutes as well")
    parser.add_argument("--only", metavar="TEXT", default="", help="those whose file's name has it")
    parser.add_argument("--engines", action="store_true")
    parser.add_argument("--resume", action="store_true", help="go on with --engines")
    parser.add_argument("--most", type=int, default=100_000)
    arguments = parser.parse_args()
    if arguments.tables:
        print_tables()
        return
    if not arguments.program:
        parser.error("name the program, as build/release/bin/holdfast-sim")
    if arguments.engines:
        compare_engines(arguments.program, arguments.most, arguments.only, arguments.resume)
        return
    repeated = wrong = 0
    for configuration, budget, *flags in EXPLORATIONS + (SLOW if arguments.slow else []):
        path = path_of(configuration, budget, *flags)
        if arguments.only not in path.name:
            continue
        if not arguments.write and not path.exists():
            sys.exit(f"{path} is not there: make it with certificates.py --write")
        if arguments.quick and json.loads(path.read_text())["states"] > 100_000:
            continue
        found = explore(arguments.program, configuration, budget, *flags)
        if arguments.write:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found, indent=2) + "\n")
            print(f"{path.name}: {found['ending']}, {found['states']:,} states", flush=True)
            continue
        written = json.loads(path.read_text())
        repeated += 1
        for key in KEYS:
            if found[key] == written[key]:
                continue
            wrong += 1
            print(f"{path.name}: {key} is {found[key]}, not {written[key]}")
    if repeated == 0 and not arguments.write:
        sys.exit("nothing was repeated")
    if wrong:
        sys.exit("certificates do not hold; if the protocol was changed, make them anew: certificates.py --write")
    print("written" if arguments.write else f"all {repeated} hold")


if __name__ == "__main__":
    main()
