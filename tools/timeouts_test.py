#!/usr/bin/env python3
"""Capsules in a build whose members wait a tenth longer for everything: timeouts_test.py PROGRAM CASE

A recorded failure (scenarios/recorded/*.plan) is played by another build than the one that recorded it.  It must fail the
same property there, or the replay must name the first event that differs.
"""

import pathlib
import re
import subprocess
import sys

import sim_testing
from sim_testing import check, play
from source_copy import SourceCopy

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "lint"))

from tree import Tree  # noqa: E402

SETTINGS = "scenarios/cluster_options.cc"
# Every time that a member is configured with.
TIMES = ("heartbeat_interval", "election_timeout", "resend_min", "resend_max", "election_deadline", "write_deadline",
         "backoff", "chosen_interval", "fetch_delay", "fetch_pause", "recovery_deadline", "recovery_pause",
         "close_deadline")
DIFFERS = re.compile(r"the first event that differs from the recorded run is\n  .*#(\d+)|"
                     r"the run ends before event #(\d+) of the recorded one")


def slow_down(tree):
    path = tree / SETTINGS
    text = path.read_text(encoding="utf-8")
    for name in TIMES:
        text, count = re.subn(rf"^(  member\.{name} = options\.{name});$", r"\1 * 11 / 10;", text, flags=re.M)
        check(count == 1, f"{SETTINGS} sets a member's {name} once, as 'member.{name} = options.{name};'")
    path.write_text(text, encoding="utf-8")
    left = re.findall(r"^  visit\(time\(\"log\.(\w+)\"", text, re.M)
    check(set(left) <= set(TIMES), f"every time of a member is scaled: {left}")


def replay(program, *arguments):
    return subprocess.run([str(program), "replay", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=300)


def recorded(path, name):
    return re.search(rf"^scenario recorded\.{name} (\w+)$", path.read_text(encoding="utf-8"), re.M)[1]


def fingerprint(result):
    return re.search(r"^fingerprint (\w+)$", result.stdout, re.M)[1]


def core(program):
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"core (\w+)", said)[1]


def longer(_):
    capsules = sorted((ROOT / "scenarios" / "recorded").glob("*.plan"))
    check(len(capsules) >= 5, "there are capsules")
    work = ROOT / "build" / "timeouts"
    slow = SourceCopy(ROOT, Tree(ROOT).files, work).build(slow_down)
    check(core(slow) != core(sim_testing.PROGRAM), "the two builds differ in what decides a run")
    parted, otherwise = 0, 0
    for path in capsules:
        property_ = recorded(path, "property")
        here, there = replay(sim_testing.PROGRAM, path), replay(slow, path)
        check(here.returncode == 12 and property_ in here.stdout, f"{path.name} fails {property_} here", here)
        otherwise += fingerprint(here) != fingerprint(there)
        named = DIFFERS.search(there.stdout)
        parted += named is not None
        same = there.returncode == 12 and ("the failure that was recorded\n" in there.stdout or
                                           "the property that was recorded, then at" in there.stdout)
        check(same or named, f"{path.name} fails {property_} there, too, or says where it parts", there)
        print(f"{path.name}: {property_} {'again' if same else 'not again'}, "
              f"{'first differs at event #' + (named[1] or named[2]) if named else 'the same events'}")
    # A run that is over before the first timer is due is the same in both.
    check(otherwise > 0, "longer times are seen in a run")
    check(parted > 0, "a run parts from what was recorded, and the event is named")
    print(f"{len(capsules)} capsules, {otherwise} go otherwise, {parted} of them part from what was recorded")


if __name__ == "__main__":
    play({"longer": longer})
