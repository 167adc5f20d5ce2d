#!/usr/bin/env python3
"""Half a minute of tools/chaos.py, and that its judges are awake: chaos_test.py BUILD-DIRECTORY"""

import argparse
import json
import pathlib
import random
import shutil
import sys
import tempfile

import chaos
from cluster import DONE

USAGE, SAFETY = 2, 12


def check(condition, what, result=None):
    if not condition:
        sys.exit(f"FAILED: {what}\n{'' if result is None else result.stdout[-3000:] + result.stderr[-3000:]}")


def check_objection(world, notes, file, change, what):
    """With one file of notes changed, the judges object."""
    changed = world.folder / "changed.notes"
    lines = file.read_text().splitlines()
    change(lines)
    changed.write_text("\n".join(lines) + "\n")
    result = chaos.judge(world, [changed if other == file else other for other in notes])
    check(result.returncode == SAFETY, f"the judges object when {what}", result)
    check(json.loads(result.stdout)["violations"], "and say to what", result)


def forget_entry(lines):
    del lines[next(i for i, line in enumerate(lines) if " read_entry " in line)]


def change_position(lines):
    for i in reversed(range(len(lines))):
        words = lines[i].split(" ")
        if words[2] == "append_returned" and words[4] == "0":
            lines[i] = " ".join([*words[:5], str(int(words[5]) + 1)])
            return


def test_judges(world, notes, deeds):
    everything = [*notes, deeds]
    result = chaos.judge(world, everything)
    check(result.returncode == DONE, "the judges have nothing to object to", result)
    kinds = json.loads(result.stdout)["kinds"]
    enough = kinds["append_returned"] > 100 and kinds["read_entry"] > 100 and kinds["booted"] > 3
    check(enough, "there is enough to judge", result)
    final, writers = notes[-1], notes[0]
    check_objection(world, everything, final, forget_entry, "an entry is missing in the last reading")
    check_objection(world, everything, writers, change_position, "an append is acknowledged at another position")
    wiped = world.folder / "nothing.notes"
    wiped.write_text("")
    result = chaos.judge(world, [wiped if file == writers else file for file in everything])
    check(result.returncode == SAFETY, "the judges object to what nobody asked for", result)


def test_bad_input(world, deeds):
    wrong = world.folder / "wrong.notes"
    for line, complaint in (("7 1 jumped", "there is no event 'jumped'"), ("7 one crash", "wants TIME NODE WHAT"),
                            ("7 1 crash\n6 1 crash", "is earlier than the line before"),
                            ("7 100 append_called 5", "append_called wants 4 words, not 1"),
                            ("7 1 crash 4", "crash wants 0 words"), ("7 1 crash x", "has a word that is no number")):
        wrong.write_text(line + "\n")
        result = chaos.judge(world, [wrong])
        place = f"wrong.notes:{len(line.splitlines())}: "
        check(result.returncode == USAGE and place + complaint in result.stderr, f"'{line}' is refused", result)
    whole = world.traces[0].read_bytes()
    for bytes_left, complaint in ((100, "too short"), (4096 + 8 + 20, "no record at byte 4104")):
        cut = world.folder / "cut.trace"
        cut.write_bytes(whole[:bytes_left])
        world.traces[0], kept = cut, world.traces[0]
        result = chaos.judge(world, [deeds])
        world.traces[0] = kept
        check(result.returncode == USAGE and complaint in result.stderr and "cut.trace" in result.stderr,
              f"a trace of {bytes_left} bytes is refused", result)


def main():
    arguments = argparse.Namespace(seed=20240229, seconds=20, gap=1.0)
    random.seed(arguments.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-chaos-test-"))
    world = chaos.World(sys.argv[1], folder)
    try:
        notes, counts = chaos.storm(world, arguments, lambda *_: None)
    except chaos.ClusterError as error:
        sys.exit(f"FAILED: {error}")
    print(dict(counts))
    check(counts.total() >= 3, f"there were faults: {counts}")
    deeds = folder / "deeds.notes"
    otherwise = chaos.replay(world)
    check(otherwise is None, f"all lives can be replayed: {otherwise}")
    test_judges(world, notes, deeds)
    test_bad_input(world, deeds)
    shutil.rmtree(folder)
    print("chaos: passed")


if __name__ == "__main__":
    main()
