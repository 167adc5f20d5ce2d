"""Every header compiles alone (CMake's header sets, compiled in the build directory of `release`).

A header that its own source includes before anything else stands alone if that source compiles, which the
build and clang-tidy find out; to compile it once more takes minutes over the whole tree and tells nothing new.
"""

import json
import re

from tree import BUILD, Finding

TARGET = "all_verify_interface_header_sets"


def _shown_by_source(tree):
    """Headers that a compiled source of the same name begins with."""
    database = json.loads((tree.root / BUILD / "compile_commands.json").read_text())
    for entry in database:
        path = entry["file"].removeprefix(f"{tree.root}/")
        header = path.removesuffix(".cc") + ".h"
        if path in tree.files and header in tree.files:
            includes = tree.source(path).includes
            if includes and includes[0][1] == f'"{header}"':
                yield header


def _objects(tree):
    """What CMake compiles of the headers, one object each; those without which nothing is missed are left out."""
    shown = set(_shown_by_source(tree))
    listed = tree.ninja("-t", "targets", "all").stdout
    for name, header in re.findall(r"^(\S*_verify_interface_header_sets/(\S+)\.cxx\.o):", listed, re.M):
        if header not in shown:
            yield name


def check(tree):
    objects = list(_objects(tree))
    run = tree.ninja("-k", "0", *(objects or [TARGET]))
    if run.returncode == 0:
        return
    found = set()
    for m in re.finditer(r"^(\S+?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", run.stdout, re.M):
        path = m.group(1).removeprefix(f"{tree.root}/")
        if not path.startswith("/") and path not in found and (tree.root / path).is_file():
            found.add(path)
            yield Finding(path, int(m.group(2)), "stand-alone",
                          f"does not compile by itself: {m.group(3)}; include what it uses")
    if not found:
        tail = "\n".join(run.stdout.strip().split("\n")[-15:])
        yield Finding("CMakeLists.txt", 1, "stand-alone",
                      f"ninja -C {BUILD} {TARGET} failed; run it to see all:\n{tail}")
