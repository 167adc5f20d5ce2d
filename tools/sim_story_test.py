#!/usr/bin/env python3
"""Tests of what holdfast-sim makes of a failure: sim_story_test.py PROGRAM CASE

A failing run is shrunk, replayed by another build, filtered, exported.  Each case is a function
below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import os
import pty
import re

import sim_testing
from sim_testing import call, check, expect_exit, play

CANARY = ("canary", "--seed", 132)


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
    hasty = call("shrink", large, "--budget", "20ms", "--out", "hasty.plan", cwd=folder)
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
    expect_exit(call("shrink", 132, "--scenario", "canary", "--out", "own.plan", cwd=folder), 0)
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
    expect_exit(call("shrink", 132, "--scenario", "canary", "--out", "own.plan", cwd=folder), 0)
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
    expect_exit(call("shrink", 21, "--scenario", "canary", "--no-explain", "--out", "a.plan", cwd=folder), 0)
    text = (folder / "a.plan").read_text()
    (folder / "b.plan").write_text(re.sub(r"scenario canary 1", "scenario canary 0", text))
    parted = call("diff", "a.plan", "b.plan", "--ignore-times", cwd=folder)
    expect_exit(parted, 1)
    check(re.search(r"a\.plan:\n  .*#\d+.*\nb\.plan:\n  .*#\d+", parted.stdout), "both events are shown", parted)
    missing = call("diff", "a.plan", "nothing.plan", cwd=folder)
    expect_exit(missing, 2)
    check("nothing.plan" in missing.stderr, "a file that is not there is named", missing)


def debugger(folder):
    """A run stops at an event in gdb, and what every fiber stands at is told."""
    run = (7, "--scenario", "canary")
    traced = call("replay", *run, "--trace", "--until", 500, cwd=folder)
    event = re.search(r"learned +#(\d+) position (\d+)", traced.stdout)
    stopped = call("replay", *run, "--break-at", event[1], cwd=folder)
    expect_exit(stopped, 0)
    check(stopped.stdout.startswith(f"stopped at #{event[1]} ") and f"learned position {event[2]}" in stopped.stdout,
          "it says where it stands", stopped)
    check(len(re.findall(r"^  node [123]: .*promised", stopped.stdout, re.M)) == 3, "the state of each member", stopped)
    running = re.findall(r"fiber (\d)\.\d+, running\n((?:    #.*\n)+)", stopped.stdout)
    check(len(running) == 1 and re.match(r" +#0 holdfast::Replica::\w+ at protocol/replica\.cc:\d+\n", running[0][1]),
          "the newest frame of the one that runs is the line that recorded the event", stopped)
    for where in ("Coordinator::drive at protocol/coordinator.cc", "Elector::run at protocol/elector.cc",
                  "Replica::erase_truncated at protocol/replica.cc", "CatchUp::follow at protocol/catchup.cc"):
        suspended = re.findall(rf"waiting.*\n(?:    #.*\n)*    #\d+ holdfast::{re.escape(where)}:\d+\n", stopped.stdout)
        check(len(suspended) >= 2, f"the stack of fibers that wait: {where}", stopped)
    check(not re.search(r"boost|jump_fcontext|std::__", stopped.stdout), "none of the machinery is shown", stopped)
    late = call("replay", *run, "--break-at", 10**9, cwd=folder)
    expect_exit(late, 2)
    check(re.search(r"has no such event; the last one is \d+", late.stderr), "the error says how many there are", late)
    none = call("replay", *run, "--break-at", 5, cwd=folder, env={"PATH": str(folder)})
    expect_exit(none, 2)
    check("install it (apt-get install gdb)" in none.stderr, "without gdb the error says what to do", none)
    for flags, word in ((("--break-at", "x"), "use the number after #"), (("--break-at", 5, "--until", 9), "--until")):
        wrong = call("replay", *run, *flags, cwd=folder)
        expect_exit(wrong, 2)
        check(word in wrong.stderr, f"{flags}: refused", wrong)


def prompt(folder):
    """On a terminal gdb stays, in the line that recorded the event, with commands of its own."""
    typed = ("holdfast-fibers 2\nholdfast-fiber 2.1\nholdfast-state\nholdfast-fibers x\nbacktrace 1\nkill\n"
             "holdfast-state\nquit\n")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "dumb", "HOME": str(folder)}
        os.execv(sim_testing.PROGRAM, ["holdfast-sim", "replay", "7", "--scenario", "canary", "--break-at", "500"])
    os.write(terminal, typed.encode())
    said = b""
    try:
        while part := os.read(terminal, 1 << 16):
            said += part
    except OSError:
        pass  # So a terminal ends.
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = said.decode().replace("\r", "")
    check(status == 0, f"gdb ends well: {status}\n{text}")
    check("stopped at #500" in text and "holdfast-fibers [NODE] shows" in text, "it stops and says what there is" + text)
    check(re.search(r"fiber 2\.1, waiting\n    #0 holdfast::Event::wait", text), "fibers of a node" + text)
    check("jump_fcontext" in text or "fiber_entry" in text, "every frame of one fiber" + text)
    check(len(re.findall(r"^  node \d: .*promised", text, re.M)) == 3, "the members once" + text)
    check("'x' is no node" in text and "the run is over" in text, "errors say what to do" + text)


CASES = {case.__name__: case for case in (shrink, foreign, filters, export, diff, debugger, prompt)}

if __name__ == "__main__":
    play(CASES)
