"""Every header compiles alone (CMake's header sets, compiled in the build directory of `release`)."""

import re

from tree import BUILD, Finding

TARGET = "all_verify_interface_header_sets"


def check(tree):
    run = tree.ninja("-k", "0", TARGET)
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
