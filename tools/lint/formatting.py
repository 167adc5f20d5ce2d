"""Every source is as clang-format leaves it."""

import concurrent.futures
import os
import re
import subprocess

from tree import Finding


def _check_some(tree, paths):
    run = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *paths],
        cwd=tree.root, capture_output=True, text=True,
    )
    found = set()
    for m in re.finditer(r"^(\S+?):(\d+):\d+: (?:error|warning): ", run.stderr, re.M):
        if m.group(1) not in found:
            found.add(m.group(1))
            yield Finding(m.group(1), int(m.group(2)), "format", f"run clang-format -i {m.group(1)}")
    if run.returncode != 0 and not found:
        yield Finding(".clang-format", 1, "format", f"clang-format failed: {run.stderr.strip()}")


def check(tree):
    paths = [source.path for source in tree.sources]
    jobs = os.cpu_count() or 1
    slices = [paths[i::jobs * 4] for i in range(jobs * 4)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for findings in pool.map(lambda some: list(_check_some(tree, some)), [s for s in slices if s]):
            yield from findings
