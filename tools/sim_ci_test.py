#!/usr/bin/env python3
"""Tests of what CI jobs of users want of holdfast-sim (docs/ci/README.md): sim_ci_test.py PROGRAM CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import os
import pathlib
import re
import xml.etree.ElementTree

from sim_testing import call, check, expect_exit, play

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMIT = "3443fcb0c1d2e3f405162738495a6b7c8d9e0f12"
# Fails on its first seeds, within milliseconds.
FAILING = ("mesos_g1", "--seed", 1, "--no-double-runs")
# Variables that a CI system around this test may have set.
OUTSIDE = {name: value for name, value in os.environ.items()
           if not name.startswith(("GITHUB_", "CI_")) and name not in
           ("BUILDKITE_COMMIT", "CIRCLE_SHA1", "BUILD_SOURCEVERSION", "GIT_COMMIT")}


def run(*arguments, cwd, **environment):
    return call("run", *arguments, cwd=cwd, env=OUTSIDE | environment)


def banner(result):
    return re.search(r"seeds? (\d+)", result.stdout).group(1)


def commit(folder):
    """A commit decides the seeds, whoever names it; the same commit is the same run."""
    arguments = ("wipes", "--seeds", 5, "--no-double-runs")
    given = run(*arguments, "--commit", COMMIT, "--json", "run.json", cwd=folder)
    expect_exit(given, 0)
    check(f"seeds drawn from commit {COMMIT}" in given.stdout, "the commit is printed", given)
    account = json.loads((folder / "run.json").read_text())
    check(account["commit"] == COMMIT and account["first_seed"] == banner(given), "and in the account", given)
    for variable in ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "BUILD_SOURCEVERSION",
                     "GIT_COMMIT"):
        again = run(*arguments, "--commit", "ci", cwd=folder, **{variable: COMMIT.upper()})
        expect_exit(again, 0)
        check(banner(again) == banner(given), f"{variable} gives the same seeds", again)
    other = run(*arguments, "--commit", COMMIT[::-1], cwd=folder)
    check(banner(other) != banner(given), "another commit has other seeds", other)
    for words, how in ((["--commit", "'ci'", "GITHUB_SHA", "git rev-parse HEAD"], {}),
                       (["GITHUB_SHA=main", "no commit id"], {"GITHUB_SHA": "main"})):
        refused = run(*arguments, "--commit", "ci", cwd=folder, **how)
        expect_exit(refused, 2)
        check(all(word in refused.stderr for word in words), f"the message names {words}", refused)
    for arguments in (("--commit", "3443fcb"), ("--commit", COMMIT, "--seed", 1)):
        expect_exit(refused := run(*arguments, cwd=folder), 2)
        check("--commit" in refused.stderr, "the flag is named", refused)


def past(folder):
    """Past capsules are played first; one that fails fails the run, and what cannot be read is named."""
    expect_exit(run(*FAILING, "--out", "capsules", cwd=folder), 12)
    capsule = folder / "capsules/mesos_g1-1.plan"
    found = run("wipes", "--seed", 1, "--seeds", 3, "--first", "capsules", "--json", "run.json", "--junit", "run.xml",
                cwd=folder)
    expect_exit(found, 12)
    check(found.stdout.index(f"past capsule {capsule.name} FAILED: safety") < found.stdout.index("summary"),
          "it comes before the seeds", found)
    check("1 played: 0 passed, 1 failed" in found.stdout, "past capsules are counted", found)
    account = json.loads((folder / "run.json").read_text())
    check(account["totals"]["failed"] == 0 and account["past"][0]["kind"] == "safety", "it is no seed's failure", found)
    replay = account["past"][0]["replay"].split()[1:]
    expect_exit(call(*replay, cwd=folder), 12)
    cases = xml.etree.ElementTree.parse(folder / "run.xml").getroot()
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    check(failed == [f"past capsule {capsule.name}"], f"JUnit has it: {failed}", found)
    # Mended: the same story with the rule of holdfast.
    text = capsule.read_text()
    capsule.write_text("".join(line for line in text.splitlines(True) if "compat.d1" not in line))
    check(text != capsule.read_text(), "the capsule says what is planted")
    expect_exit(run("wipes", "--seed", 1, "--first", "capsules", cwd=folder), 0)
    capsule.write_text(text.replace("fault ", "fault x", 1).replace("operation ", "operation x", 1))
    broken = run("wipes", "--seed", 1, "--first", "capsules", cwd=folder)
    expect_exit(broken, 2)
    check(re.search(r"--first: capsules/mesos_g1-1.plan: line \d+", broken.stderr), "file and line are named", broken)
    # Of another build what it does not know is left out, and named.
    capsule.write_text(re.sub(r"(recorded.core) 0x\S+", r"\1 0x1", text) + "option tea_time 5\n")
    foreign = run("wipes", "--seed", 1, "--first", "capsules", cwd=folder)
    expect_exit(foreign, 12)
    check(re.search(r"past capsule mesos_g1-1.plan: left out: .*tea_time", foreign.stdout), "it says so", foreign)
    missing = run("wipes", "--seed", 1, "--first", "nowhere", cwd=folder)
    expect_exit(missing, 2)
    check("--first" in missing.stderr and "'nowhere'" in missing.stderr, "the folder is named", missing)
    (folder / "empty").mkdir()
    expect_exit(run("wipes", "--seed", 1, "--first", "empty", cwd=folder), 0)


def quarantine(folder):
    """Known failures are reported and do not fail a run; entries that are of no use are named."""
    list_file = folder / "known.txt"

    def with_entries(text, *arguments):
        list_file.write_text(text)
        return run(*arguments, "--quarantine", "known.txt", "--json", "run.json", "--junit", "run.xml",
                   "--summary-markdown", "summary.md", cwd=folder)

    found = run(*FAILING, "--seeds", 20, "--failures", 20, "--json", "run.json", cwd=folder)
    expect_exit(found, 12)
    failures = json.loads((folder / "run.json").read_text())["failures"]
    broken = sorted({row["property"] for failure in failures for row in failure["violations"]})
    check("agreement" in broken and len(broken) > 1, f"it breaks several properties: {broken}", found)
    entries = [f"property mesos_g1 {name} until=2999-12-31 issue=#7 of Mesos\n" for name in broken]
    reason = "of Mesos (#7) (until 2999-12-31)"
    expect_exit(with_entries("".join(entries[1:]), *FAILING, "--seeds", 20), 12)
    known = with_entries("# known\n\n" + "".join(entries), *FAILING, "--seeds", 20)
    expect_exit(known, 0)
    check(f"quarantined: {reason}" in known.stdout, "it is reported, with the reason", known)
    totals = json.loads((folder / "run.json").read_text())["totals"]
    check(totals["failed"] == totals["quarantined"] > 10, "more of them do not end the run", known)
    failures = json.loads((folder / "run.json").read_text())["failures"]
    check(len(failures) == 10 and all(reason in row["quarantined"] for row in failures), "ten are shown whole", known)
    cases = xml.etree.ElementTree.parse(folder / "run.xml").getroot()
    check(cases.get("failures") == "0" and int(cases.get("skipped")) > 10, "JUnit skips them", known)
    check("**Quarantined**" in (folder / "summary.md").read_text(), "the summary has them apart", known)
    # By the name of the decision file, of a seed and of a past capsule.
    by_name = with_entries("capsule mesos_g1-1.plan issue=#7 x y\n", *FAILING, "--first", "holdfast-failures")
    check(by_name.returncode == 12 and "past capsule mesos_g1-10.plan FAILED" in by_name.stdout,
          "others still count", by_name)
    for extra in (folder / "holdfast-failures").glob("*.plan"):
        if extra.name != "mesos_g1-1.plan":
            extra.unlink()
    by_name = with_entries("capsule mesos_g1-1.plan issue=#7 x y\n", *FAILING, "--first", "holdfast-failures")
    expect_exit(by_name, 0)
    check("1 failed (1 of them quarantined)" in by_name.stdout, "a capsule has a name", by_name)
    for text, note in (
            ("property mesos_g1 agreement until=2001-01-01 x\n", "known.txt:1: expired after 2001-01-01"),
            ("\nproperty mesos_g1 durability issue=#8 x\n", None)):
        counts = with_entries(text, *FAILING)
        expect_exit(counts, 12)
        check(note is None or note in counts.stdout, f"{text}: {note}", counts)
    stale = with_entries("property wipes agreement issue=#7 x\ncapsule gone.plan issue=#7 x\n", "wipes", "--seed", 1,
                         "--seeds", 50, "--first", "holdfast-failures")
    expect_exit(stale, 12)
    check("known.txt:1: none of 50 runs of wipes broke agreement" in stale.stdout, "what no longer fails is stale", stale)
    check("known.txt:2: no decision file gone.plan" in stale.stdout, "so is what is not there", stale)
    account = json.loads((folder / "run.json").read_text())
    check(len(account["quarantine_stale"]) == 2, "the account has both", stale)


def quarantine_files(folder):
    """What is wrong with a quarantine is named with its line."""
    for text, words in (
            ("capsul a.plan until=2999-01-01 x", ["line 1", "'capsul'", "capsule NAME"]),
            ("# a\n\ncapsule", ["line 3", "needs the name"]),
            ("capsule a/b.plan until=2999-01-01 x", ["'a/b.plan'", "name of the file alone"]),
            ("capsule a.plan x", ["until=YYYY-MM-DD", "issue="]),
            ("capsule a.plan until=2999-02-30 x", ["'2999-02-30'", "YYYY-MM-DD"]),
            ("capsule a.plan until=2999-02-20", ["reason"]),
            ("property swam agreement until=2999-01-01 x", ["'swam'", "no scenario"]),
            ("property swarm agreemnt until=2999-01-01 x", ["'agreemnt'", "no property"])):
        (folder / "known.txt").write_text(text + "\n")
        refused = run("wipes", "--seed", 1, "--quarantine", "known.txt", cwd=folder)
        expect_exit(refused, 2)
        for word in ["known.txt", *words]:
            check(word in refused.stderr, f"{text!r}: the message names {word}", refused)
    missing = run("wipes", "--seed", 1, "--quarantine", "nowhere.txt", cwd=folder)
    expect_exit(missing, 2)
    check("'nowhere.txt'" in missing.stderr, "the file is named", missing)


def annotations(folder):
    """Each names the line of the check that was false, as GitHub wants it."""
    plain = run(*FAILING, cwd=folder)
    check("::error" not in plain.stdout, "none without being asked", plain)
    expect_exit(asked := run(*FAILING, "--annotate", cwd=folder), 12)
    on_github = run(*FAILING, cwd=folder, GITHUB_ACTIONS="true")
    for result in (asked, on_github):
        lines = re.findall(r"^::error file=([^,]+),line=(\d+),title=holdfast-sim%3A ([^:]+)::(.+)$", result.stdout, re.M)
        check(len(lines) == 1, "one failed seed, one annotation", result)
        file, line, title, message = lines[0]
        source = (ROOT / file).read_text().splitlines()[int(line) - 1]
        check("violated(" in source, f"{file}:{line} is a check of a judge, not {source!r}", result)
        check(file == f"properties/{title.split()[0]}.cc" and "(safety)" in title, "of the property it names", result)
        check(f"check {file}:{line}" in result.stdout, "text and annotation agree", result)
        check("%0Areplay: " in message, "it says how to replay it", result)
    (folder / "known.txt").write_text("capsule mesos_g1-1.plan issue=#7 50% done\nproperty mesos_g1 steady issue=#8 x\n")
    known = run(*FAILING, "--annotate", "--quarantine", "known.txt", cwd=folder)
    check(re.search(r"^::warning file=properties/[a-z_]+.cc,line=\d+,.*50%25 done", known.stdout, re.M),
          "what is quarantined is a warning", known)
    check(re.search(r"^::notice title=holdfast-sim quarantine::known.txt:2: ", known.stdout, re.M),
          "what is stale is a notice", known)


def files(folder):
    """Reports that cannot be written are named, with what to do; a summary is added to what is there."""
    summary = folder / "summary.md"
    summary.write_text("# before\n")
    for _ in range(2):
        expect_exit(run("wipes", "--seed", 1, "--summary-markdown", summary, cwd=folder), 0)
    text = summary.read_text()
    check(text.startswith("# before\n### holdfast-sim wipes: passed\n") and text.count("###") == 2, "it is appended")
    (folder / "plain").write_text("a file")
    for flag, target, words in (
            ("--summary-markdown", "/dev/full", ["append to '/dev/full'", "No space left", "make room"]),
            ("--summary-markdown", folder, ["append to", "Is a directory"]),
            ("--json", "plain/run.json", ["the folder 'plain'"]),
            ("--junit", folder, ["write", "Is a directory"])):
        refused = run("wipes", "--seed", 1, flag, target, cwd=folder)
        expect_exit(refused, 2)
        for word in words:
            check(word in refused.stderr, f"{flag} {target}: the message names {word}", refused)
    check(not list(folder.parent.glob(folder.name + ".part*")), "no draft is left")


CASES = {f.__name__: f for f in (commit, past, quarantine, quarantine_files, annotations, files)}

if __name__ == "__main__":
    play(CASES)
