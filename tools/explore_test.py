#!/usr/bin/env python3
"""holdfast-sim explore as a person or a script meets it: explore_test.py PROGRAM CASE"""

import json
import signal
import time

from sim_testing import call, check, expect_exit, play, start


def certificate(folder, *arguments, code=0):
    done = call("explore", *arguments, "--json", "certificate.json", cwd=folder)
    expect_exit(done, code)
    return done, json.loads((folder / "certificate.json").read_text())


def clean(folder):
    """A small configuration is exhausted, and every way to do it meets the same states."""
    done, first = certificate(folder, "running")
    check("exhausted: running, append=2 crash=1" in done.stdout, "it says what was exhausted", done)
    check(first["ending"] == "exhausted" and first["states"] > 1000 and first["assumptions"], "so does the JSON", done)
    check(first["reactions"] < first["transitions"], "the code ran once for each local state and event", done)
    _, deep = certificate(folder, "running", "--order", "depth", "--audit")
    check(deep["audits"] > 0, "merged histories were tried")
    for key in ("states", "transitions", "terminals", "states_sum", "terminals_sum"):
        check(deep[key] == first[key], f"depth first meets the same {key}")
    small = "--budget", "append=1,duplicate=1"
    _, memo = certificate(folder, "running", *small)
    _, replay = certificate(folder, "running", *small, "--engine", "replay")
    for key in ("states", "transitions", "terminals", "states_sum", "terminals_sum"):
        check(memo[key] == replay[key], f"both engines meet the same {key}")


def violation(folder):
    """A gap of Mesos: the events are few, and all members from their boots on confirm them."""
    done, found = certificate(folder, "mesos_g3", code=12)
    check("another value of position 1" in done.stdout and "say the same" in done.stdout, "it says what is wrong", done)
    check("   3  append at 2\n" in done.stdout and "   4  " not in done.stdout, "the events are listed", done)
    check(found["violation"]["confirmed"] and len(found["violation"]["events"]) > 3, "the JSON has them, too", done)
    budget = "--budget", "append=3,crash=1,duplicate=1"
    fewest, found = certificate(folder, "mesos_g3", *budget, "--fewest-faults", code=12)
    check(found["budget"] == "append=3" and "exhausted with" not in fewest.stdout, "it takes no fault", fewest)
    rungs, _ = certificate(folder, "running", "--budget", "append=1,crash=1,duplicate=1", "--fewest-faults")
    check([line.split(":")[0] for line in rungs.stdout.splitlines() if line.startswith("exhausted with")] ==
          [f"exhausted with append=1{more}" for more in ("", " duplicate=1", " crash=1")], "fewer faults come first", rungs)
    rungs, _ = certificate(folder, "boot-2", "--budget", "elect=1,crash=1,error=1", "--fewest-faults")
    check([line.split(":")[0] for line in rungs.stdout.splitlines() if line.startswith("exhausted with")] ==
          [f"exhausted with elect=1{more}" for more in ("", " error=1", " crash=1")], "an error of a disk is a fault", rungs)
    repaired, _ = certificate(folder, "two-terms")
    check("exhausted: two-terms, append=3" in repaired.stdout, "with the repair there is nothing", repaired)


def schedule(folder):
    """A violation is saved, played again, edited, and refused with the line where it is not possible."""
    saved = call("explore", "mesos_g3", "--save", "g3.schedule", cwd=folder)
    expect_exit(saved, 12)
    check("replay: holdfast-sim explore --replay g3.schedule" in saved.stdout, "it says how to go on", saved)
    path = folder / "g3.schedule"
    text = path.read_text()
    again = call("explore", "--replay", path, cwd=folder)
    expect_exit(again, 12)
    check("another value of position 1" in again.stdout, "the same is wrong again", again)
    lines = text.splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    fine = call("explore", "--replay", path, cwd=folder)
    expect_exit(fine, 0)
    check("events, and nothing is wrong" in fine.stdout, "without the last event nothing is", fine)
    for wrong, words in (("deliver 9.9.9", "'deliver 9.9.9' is not possible there"), ("fly 1", "'fly 1' is no event"),
                         ("boot 0", "'boot 0' is no event"), ("error 1", "'error 1' is no event"), ("crash 1", "'crash 1' is no event")):
        path.write_text("\n".join([*lines[:-1], wrong]) + "\n")
        refused = call("explore", "--replay", path, cwd=folder)
        expect_exit(refused, 2)
        check(words in refused.stderr and f"line {len(lines)}" in refused.stderr, f"'{wrong}' is refused", refused)
    # A member whose disk refuses a change ends by itself, and only then can it boot again.
    bad_disk = ["holdfast-schedule 1", "configuration boot-2", "budget elect=1,error=1", "boot 1", "error 1 undone", "elect 1",
                "boot 1"]
    path.write_text("\n".join(bad_disk) + "\n")
    played = call("explore", "--replay", path, cwd=folder)
    expect_exit(played, 0)
    check("the next change of 1's disk fails, and is not made" in played.stdout and "4 events" in played.stdout, "a bad disk", played)
    path.write_text("\n".join([*bad_disk[:4], *bad_disk[5:]]) + "\n")
    refused = call("explore", "--replay", path, cwd=folder)
    expect_exit(refused, 2)
    check("'boot 1' is not possible there" in refused.stderr, "a good disk does not end it", refused)
    for content, words in (("", "it is empty"), ("hello\n", "line 1: a schedule begins with"),
                           ("holdfast-schedule 1\nboot 1\n", "no line 'configuration NAME'"),
                           ("holdfast-schedule 1\nconfiguration moon\n", "'moon' is no configuration")):
        path.write_text(content)
        refused = call("explore", "--replay", path, cwd=folder)
        expect_exit(refused, 2)
        check(words in refused.stderr, f"{content!r} is refused", refused)
    for name, what in (("elected", "wipe=2,crash=1"), ("running", "elect=1,wipe=2")):
        linked = call("explore", name, "--budget", what, "--links", "connections", "--liveness", "--save", "s", cwd=folder)
        expect_exit(linked, 11)
        expect_exit(call("explore", "--replay", "s", cwd=folder), 0)
    both = call("explore", "running", "--replay", "s", cwd=folder)
    expect_exit(both, 2)
    check("takes the configuration from the file" in both.stderr, "two beginnings are refused", both)
    more = (folder / "s").read_text().replace("wipe=2", "wipe=1")
    (folder / "s").write_text(more)
    refused = call("explore", "--replay", "s", cwd=folder)
    expect_exit(refused, 2)
    check("more than the file's budget" in refused.stderr, "an event beyond the budget is named", refused)
    gone = call("explore", "--replay", "nowhere.schedule", cwd=folder)
    expect_exit(gone, 2)
    check("nowhere.schedule" in gone.stderr, "a file that is not there is named", gone)


def walks(folder):
    """Random walks go where a search does not come to an end, find the gap, and are the same again."""
    budget = "--budget", "elect=2,append=2,crash=1"
    done, walked = certificate(folder, "running", *budget, "--walks", 100, "--seed", 5)
    check("100 random walks of seed 5: running" in done.stdout and "no certificate" in done.stdout, "it says so", done)
    check(walked["ending"] == "walked" and walked["walks"]["longest"] > 20, "the JSON has them", done)
    again, _ = certificate(folder, "running", *budget, "--walks", 100, "--seed", 5)
    check(again.stdout == done.stdout, "the same seed walks the same", again)
    found = call("explore", "mesos_g3", "--walks", 1000, cwd=folder)
    expect_exit(found, 12)
    check("say the same" in found.stdout, "what a walk finds is confirmed", found)
    ordered, by = certificate(folder, "running", *budget, "--walks", 100, "--bug-depth", 3)
    check("by priorities, which change 2 times" in ordered.stdout and by["walks"]["bug_depth"] == 3, "says how", ordered)
    found = call("explore", "mesos_g3", "--walks", 1000, "--bug-depth", 2, cwd=folder)
    expect_exit(found, 12)
    check("say the same" in found.stdout, "priorities find it as well", found)
    check("of those that are left none can be left out" in found.stdout, "what can be left out is", found)
    alive = ["explore", "mesos_g3", "--from-boot", "--walks", 10_000, "--bug-depth", 3, "--engine", "replay"]
    found = call(*alive, "--save", "g3.schedule", cwd=folder)
    expect_exit(found, 12)
    check("after 0 of the script" in found.stdout, "members that are alive walk from their boots", found)
    check(call(*alive, "--save", "again.schedule", cwd=folder).returncode == 12, "they find it again")
    check((folder / "g3.schedule").read_text() == (folder / "again.schedule").read_text(), "the same seed, the same")
    expect_exit(call("explore", "--replay", "g3.schedule", cwd=folder), 12)


def resume(folder):
    """An exploration that is stopped is gone on from, and meets in all what one that is not stopped meets."""
    what = "running", "--budget", "elect=1,crash=1", "--order", "depth"
    _, whole = certificate(folder, *what)
    done = call("explore", *what, "--resume", "kept", "--memory", "4", cwd=folder)
    expect_exit(done, 14)
    check("kept in 'kept': " in done.stdout and "the same command goes on" in done.stdout, "it says so", done)
    kept = (folder / "kept").read_bytes()
    done, rest = certificate(folder, *what, "--resume", "kept")
    check("in 2 sessions; 'kept' is not needed any more" in done.stdout and rest["sessions"] == 2, "and ends", done)
    for key in ("states", "transitions", "depth", "terminals", "states_sum", "terminals_sum"):
        check(rest[key] == whole[key], f"in two sessions it meets the same {key}")
    program = start("explore", "empty", "--budget", "elect=2", "--order", "depth", "--resume", "more", cwd=folder)
    time.sleep(1)
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=60)
    check(program.returncode == 130 and "kept in 'more'" in out, f"Ctrl-C keeps it: exit {program.returncode}: {out}")
    for content, words in ((kept[:-1], "is damaged, or was cut off"), (kept[:100] + b"?" + kept[101:], "kept"),
                           (kept[:-9] + bytes([kept[-9] ^ 1]) + kept[-8:], "is damaged"),
                           (b"hello", "is no exploration that was stopped"), (b"", "is no exploration")):
        (folder / "kept").write_bytes(content)
        refused = call("explore", *what, "--resume", "kept", cwd=folder)
        expect_exit(refused, 2)
        check(words in refused.stderr and not refused.stdout, "a damaged file is refused", refused)
        check((folder / "kept").read_bytes() == content, "and left as it is")
    (folder / "kept").write_bytes(kept)
    other = call("explore", "running", "--budget", "elect=1,crash=2", "--order", "depth", "--resume", "kept", cwd=folder)
    expect_exit(other, 2)
    check('of another exploration: it has budget "elect=1 crash=1", not "elect=1 crash=2"' in other.stderr, "named", other)
    nowhere = call("explore", *what, "--resume", "/dev/null/kept", "--memory", "4", cwd=folder)
    expect_exit(nowhere, 2)
    check("'/dev/null/kept" in nowhere.stderr, "a file that cannot be written is named", nowhere)


def storage(folder):
    """The writes that were met are tried on LevelDB, with the power failing in each of them."""
    budget = "--budget", "append=1,truncate=1"
    done, found = certificate(folder, "running", *budget, "--storage")
    tried = found["storage"]
    check(tried["tried"] == tried["changes"] > 50 and tried["problem"] == "", "all were tried", done)
    check(tried["losses"] > tried["images"] > tried["kept"] > 0, "in many ways", done)
    check("each is there whole or not at all" in done.stdout, "it says so", done)
    stopped = call("explore", "running", "--budget", "append=2,truncate=1", "--storage", "--time", "1s", cwd=folder)
    expect_exit(stopped, 14)
    check("storage: " in stopped.stdout and " of 344 opens" in stopped.stdout, "a limit ends it in order", stopped)


def liveness(folder):
    """States from which nothing can be done any more are found: two lost disks of three are too many by rule."""
    done, found = certificate(folder, "running", "--budget", "append=1,crash=1", "--liveness")
    check(found["fair_runs"] == found["states"] and found["fair_steps"] > found["states"], "each was asked", done)
    stuck = call("explore", "running", "--budget", "wipe=2", "--liveness", "--save", "stuck.schedule", cwd=folder)
    expect_exit(stuck, 11)
    check("liveness: not all members vote" in stuck.stdout and "   2  wipe the disk of" in stuck.stdout, "found", stuck)
    again = call("explore", "--replay", "stuck.schedule", cwd=folder)
    expect_exit(again, 0)
    check("nothing is wrong" in again.stdout, "nothing wrong is said there", again)


def usage(folder):
    for arguments, wanted in ((["nowhere"], "'nowhere' is no configuration; use one of blank, boot, boot-2"),
                              ([], "no configuration is named; use one of"),
                              (["running", "--budget", "comets=1"], "'comets' is nothing that can happen; use one of"),
                              (["running", "--budget", "append"], "'append' is no budget; use a name and a number"),
                              (["running", "--budget", "append=101"], "a number up to 100"),
                              (["running", "--where", "wipe=4"], "'wipe=4' names no members; use a name and members from 1 to 3"),
                              (["running", "--where", "wipe"], "'wipe' names no members"),
                              (["running", "--where", "wipe=1+"], "'wipe=1+' names no members"),
                              (["running", "--where", "cut=1"], "'cut' is nothing that happens to a member; use one of elect"),
                              (["running", "--bug-depth", "2"], "give --walks N as well"),
                              (["running", "--storage", "--engine", "replay"], "--storage and --liveness go with the engine memo"),
                              (["running", "--fewest-faults", "--walks", "3"], "--fewest-faults is for searches"),
                              (["running", "--fewest-faults", "--budget", "crash=100,wipe=100,cut=100"],
                               "--fewest-faults would be more than 1000 explorations"),
                              (["running", "--resume", "kept"], "--resume goes with --order depth"),
                              (["running", "--order", "depth", "--liveness", "--resume", "kept"], "goes with none of"),
                              (["running", "--engine", "steam"], "'steam' is none of memo, replay"),
                              (["running", "--time", "soon"], "'soon' is no length of time")):
        wrong = call("explore", *arguments, cwd=folder)
        expect_exit(wrong, 2)
        check(wanted in wrong.stderr and not wrong.stdout, f"{arguments} is refused in words", wrong)
    nowhere = call("explore", "mesos_g3", "--html", "/dev/null/page.html", cwd=folder)
    expect_exit(nowhere, 2)
    check("'/dev/null'" in nowhere.stderr, "a page that cannot be written is named", nowhere)
    nowhere = call("explore", "running", "--json", "/dev/null/certificate.json", cwd=folder)
    expect_exit(nowhere, 2)
    check("'/dev/null'" in nowhere.stderr, "a file that cannot be written is named", nowhere)
    listed = call("explore", "--list", cwd=folder)
    expect_exit(listed, 0)
    check("running" in listed.stdout and "by default: append=2 crash=1" in listed.stdout, "--list describes", listed)


def limits(folder):
    """A limit ends it in order, with what is left to do."""
    for limit in (["--time", "1s"], ["--memory", "4"]):
        done, part = certificate(folder, "empty", "--budget", "elect=2,crash=1", *limit, code=14)
        check("unfinished: empty" in done.stdout and "were met and not gone on from" in done.stdout, "partial", done)
        check(part["ending"] == "unfinished" and part["states"] > part["expanded"], "the JSON says so, too", done)
    program = start("explore", "empty", "--budget", "elect=2,crash=1", cwd=folder)
    time.sleep(1)
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=60)
    check(program.returncode == 130 and "interrupted: " in out, f"exit {program.returncode}: {out}")


if __name__ == "__main__":
    play({"clean": clean, "violation": violation, "schedule": schedule, "walks": walks, "resume": resume, "storage": storage, "liveness": liveness, "usage": usage, "limits": limits})
