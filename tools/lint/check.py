#!/usr/bin/env python3
"""Everything a change must pass besides its tests; ./dev check runs it.

usage: check.py [--root DIR] [--full] [CHECK...]      (no CHECK: all of them)
"""

import argparse
import pathlib
import sys
import time

import check_layers
import clang_tidy
import formatting
import headers
import mutants
import tidy
from tree import Tree

# In the order in which they run: the quick ones first.
CHECKS = {
    "format": formatting.check,
    "layers": check_layers.check,
    "rules": tidy.check,
    "mutants": mutants.check,
    "headers": headers.check,
    "clang-tidy": clang_tidy.check,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--full", action="store_true",
                        help="every check of .clang-tidy on every file, tests included (minutes, when nothing is cached)")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)}")
    arguments = parser.parse_args()
    if unknown := [c for c in arguments.checks if c not in CHECKS]:
        parser.error(f"there is no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")

    checks = CHECKS | ({"clang-tidy": clang_tidy.check_all} if arguments.full else {})
    tree = Tree(arguments.root)
    began = time.monotonic()
    findings = 0
    names = arguments.checks or list(CHECKS)
    for name in names:
        for finding in sorted(set(checks[name](tree))):
            print(finding, flush=True)
            findings += 1
    seconds = time.monotonic() - began
    verdict = "clean" if findings == 0 else f"{findings} finding{'s' if findings > 1 else ''}"
    print(f"check: {verdict} in {len(tree.sources)} sources ({', '.join(names)}; {seconds:.1f} s)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
