#!/usr/bin/env python3
"""Tests of what holdfast-sim makes of a failure: sim_story_test.py PROGRAM CASE

A failing run is shrunk, replayed by another build, filtered, exported.  Each case is a function
below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import re

from sim_testing import call, check, expect_exit, play

CANARY = ("canary", "--seed", 7)


def items_of(path):
    """How many faults and operations a decision file has."""
    return len(re.findall(r"^(?:fault|operation) ", path.read_text(), re.M))


def shrink(folder):
    """From `run` to a short story that fails in the same way, however many workers there are."""
    found = call("run", *CANARY, "--shrink", "--jobs", 2, "--json", "run.json", cwd=folder)
    expect_exit(found, 12)
    failure = json.loads((folder / "run.json").read_text())["failures"][0]
    large, small = folder / failure["file"], folder / failure["small_file"]
    check(items_of(large) > 500 and items_of(small) <= 6, f"{items_of(large)} items become {items_of(small)}", found)
    check("what happens" in found.stdout and "power lost" in found.stdout, "the story is told", found)
    for words in ("with canary at its default instead of 1: necessary", "fault      crash_lost", "inevitable from here on",
                  "the nearest run that passes: "):
        check(words in found.stdout, f"'{words}' is in the explanation", found)
    played = call("replay", small, cwd=folder)
    expect_exit(played, 12)
    check("the failure that was recorded" in played.stdout, "the small one fails as recorded", played)
    alone = call("shrink", large, "--jobs", 1, "--out", "alone.plan", cwd=folder)
    expect_exit(alone, 0)
    check((folder / "alone.plan").read_text() == small.read_text(), "one worker finds the same as two", alone)
    hasty = call("shrink", large, "--budget", "300ms", "--out", "hasty.plan", cwd=folder)
    expect_exit(hasty, 0)
    check("ended before nothing was left to try" in hasty.stdout, "it says that it was cut short", hasty)
    expect_exit(call("replay", "hasty.plan", "--quiet", cwd=folder), 12)
    passing = call("shrink", 1, cwd=folder)
    expect_exit(passing, 2)
    check("nothing to shrink" in passing.stderr, "a run that passes is refused", passing)
    quiet = call("run", *CANARY, cwd=folder)
    check("shrunk:" not in quiet.stdout, "without a terminal nothing is shrunk unless asked for", quiet)


def foreign(folder):
    """A file of another build is played as far as it can be, and says where the runs part."""
    expect_exit(call("shrink", 7, "--scenario", "canary", "--out", "own.plan", cwd=folder), 0)
    own = (folder / "own.plan").read_text()
    other = re.sub(r"(recorded\.core) 0x\w+", r"\1 0x1", own)
    (folder / "other.plan").write_text(other)
    same = call("replay", "other.plan", cwd=folder)
    expect_exit(same, 12)
    check("recorded by core 0000000000000001" in same.stdout, "it says whose file it is", same)
    check("the failure that was recorded" in same.stdout and "differs" not in same.stdout, "nothing differs", same)
    (folder / "strange.plan").write_text(other + "fault haunt at=1ms\noption world.colour red\n")
    strange = call("replay", "strange.plan", cwd=folder)
    expect_exit(strange, 12)
    check(strange.stdout.count("left out, as this build cannot read it") == 2, "two lines are left out", strange)
    typo = own + "fault haunt at=1ms\n"
    (folder / "typo.plan").write_text(typo)
    refused = call("replay", "typo.plan", cwd=folder)
    expect_exit(refused, 2)
    check("haunt" in refused.stderr, "of this build a wrong line is refused", refused)
    slow = re.sub(r"(log\.resend_min|log\.chosen_interval|log\.backoff) (\d+)ms",
                  lambda m: f"{m.group(1)} {int(m.group(2)) * 1100}us", other)
    (folder / "slow.plan").write_text(slow)
    stretched = call("replay", "slow.plan", cwd=folder)
    named = "the first event that differs from the recorded run is" in stretched.stdout
    check("that was recorded" in stretched.stdout or named, "the same property, or where they part", stretched)
    (folder / "calm.plan").write_text(re.sub(r"^fault .*\n", "", other, flags=re.M))
    calm = call("replay", "calm.plan", cwd=folder)
    expect_exit(calm, 0)
    check(re.search(r"recorded was a failure of \w+ at event \d+; this run does not fail", calm.stdout),
          "it says that the failure is gone", calm)
    check("the first event that differs from the recorded run is\n  #" in calm.stdout, "and where they part", calm)


def filters(folder):
    """What of a trace is shown."""
    def lines(*flags):
        result = call("replay", 7, "--scenario", "canary", "--until", 2000, "--trace", *flags, cwd=folder)
        expect_exit(result, 0)
        shown = [line for line in result.stdout.splitlines() if re.match(r"^ +\d+\.\d{6}s ", line)]
        check(shown, f"{flags}: something is shown", result)
        return shown
    whole = lines()
    node = lines("--node", 2)
    check(len(node) < len(whole) and all(re.match(r"^ +\S+ +(2|-|2>\d|\d>2) ", line) for line in node), "one node")
    check(all(" frame " not in line for line in lines("--no-frames")), "no frames")
    position = re.search(r"accepted +#\d+ position (\d+)", "\n".join(whole)).group(1)
    some = [line for line in lines("--position", position, "--no-frames") if "#" in line]
    check(some and all(re.search(rf"\b{position}\b|from \d+, to \d+", line) for line in some), "one position")
    ballot = re.search(r"electing +#\d+ ballot (\S+)", "\n".join(whole)).group(1)
    check(all(ballot in line for line in lines("--ballot", ballot) if "#" in line), "one ballot")
    for flags, word in ((("--ballot", "x"), "3.0.1"), (("--node", "0"), "use 1, 2"), (("--position", "-"), "number")):
        wrong = call("replay", 7, "--trace", *flags, cwd=folder)
        expect_exit(wrong, 2)
        check(word in wrong.stderr, f"{flags}: the error says what to use", wrong)


def export(folder):
    """A decision file becomes a regression test with a number of its own."""
    expect_exit(call("shrink", 7, "--scenario", "canary", "--out", "own.plan", cwd=folder), 0)
    no_folder = call("export", "own.plan", cwd=folder)
    expect_exit(no_folder, 2)
    check("--folder" in no_folder.stderr, "the error says what to do", no_folder)
    (folder / "regress").mkdir()
    (folder / "regress" / "08_older.plan").write_text("holdfast-plan 1\n")
    first = call("export", "own.plan", "--folder", "regress", cwd=folder)
    expect_exit(first, 0)
    second = call("export", "own.plan", "--folder", "regress", "--name", "lost_vote", cwd=folder)
    expect_exit(second, 0)
    names = sorted(path.name for path in (folder / "regress").iterdir())
    check(names == ["08_older.plan", "09_monotonic.plan", "10_lost_vote.plan"], f"{names}", second)
    check((folder / "regress" / "10_lost_vote.plan").read_text() == (folder / "own.plan").read_text(), "it is the same")
    wrong = call("export", "own.plan", "--folder", "regress", "--name", "Lost vote!", cwd=folder)
    expect_exit(wrong, 2)
    check("small letters" in wrong.stderr, "a name that is none is refused", wrong)
    expect_exit(call("export", "nothing.plan", "--folder", "regress", cwd=folder), 2)


def diff(folder):
    """Where two runs part."""
    same = call("diff", 3, 3, cwd=folder)
    expect_exit(same, 0)
    check("the runs are the same" in same.stdout, "a run is the same as itself", same)
    other = call("diff", 3, 4, cwd=folder)
    expect_exit(other, 1)
    check("the runs part after 1 equal lines" in other.stdout, "the first boots differ", other)
    expect_exit(call("shrink", 7, "--scenario", "canary", "--no-explain", "--out", "a.plan", cwd=folder), 0)
    text = (folder / "a.plan").read_text()
    (folder / "b.plan").write_text(re.sub(r"scenario canary 1", "scenario canary 0", text))
    parted = call("diff", "a.plan", "b.plan", "--ignore-times", cwd=folder)
    expect_exit(parted, 1)
    check(re.search(r"a\.plan:\n  .*#\d+.*\nb\.plan:\n  .*#\d+", parted.stdout), "both events are shown", parted)
    missing = call("diff", "a.plan", "nothing.plan", cwd=folder)
    expect_exit(missing, 2)
    check("nothing.plan" in missing.stderr, "a file that is not there is named", missing)


CASES = {case.__name__: case for case in (shrink, foreign, filters, export, diff)}

if __name__ == "__main__":
    play(CASES)
