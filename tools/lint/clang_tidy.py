"""clang-tidy (.clang-tidy) on the sources that the build compiles.

It is the slow one: 7 CPU seconds for a test, of which 2.5 are to parse it.  So it comes in two sizes:
check() looks for names, sizes and clang's own warnings in all but tests, which CI can afford with
nothing cached; check_all() runs every check of .clang-tidy on every file.

A clean or unclean verdict is kept under build/lint/, keyed by everything it depends on inside the
tree, so that only what changed is looked at again.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess

from tree import BUILD, Finding

CACHE = "build/lint"

QUICK = "-*,clang-diagnostic-*,readability-identifier-naming,readability-function-size"
ALL = ""  # what .clang-tidy says


def _commands(tree):
    """{path: compile command} of our own sources; generated ones are left out."""
    database = json.loads((tree.root / BUILD / "compile_commands.json").read_text())
    commands = {}
    for entry in database:
        path = entry["file"].removeprefix(f"{tree.root}/")
        if path in tree.files and path not in commands:
            commands[path] = entry["command"]
    return commands


def _closure(tree, path, memo):
    """The path and every file of the tree it includes, directly or not."""
    if path in memo:
        return memo[path]
    seen, queue = {path}, [path]
    while queue:
        for _, name in tree.source(queue.pop()).includes:
            header = name[1:-1]
            if name[0] == '"' and header not in seen and (tree.root / header).is_file():
                seen.add(header)
                queue.append(header)
    memo[path] = sorted(seen)
    return memo[path]


@functools.cache
def _version():
    return subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout


def _key(tree, path, command, checks, memo):
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    digest.update(f"{_version()}\0{command}\0{checks}\0{tree.read('.clang-tidy')}\0".encode())
    for file in _closure(tree, path, memo):
        digest.update(f"{file}\0{tree.read(file)}\0".encode())
    # What a schema generates changes with it.
    for file in tree.files:
        if file.endswith(".proto"):
            digest.update(tree.read(file).encode())
    return digest.hexdigest()


def _generated_headers(tree):
    """Outputs of custom commands that sources include; clang-tidy needs them to exist."""
    listed = tree.ninja("-t", "targets", "rule", "CUSTOM_COMMAND").stdout.split()
    return [name for name in listed if name.endswith(".h")]


def _analyse(tree, path, checks):
    run = subprocess.run(
        ["clang-tidy", "--quiet", f"--checks={checks}", "-p", BUILD, str(tree.root / path)],
        cwd=tree.root, capture_output=True, text=True,
    )
    found = []
    for m in re.finditer(r"^(\S+?):(\d+):\d+: (?:error|warning): (.*?) \[([\w.,-]+)\]$", run.stdout, re.M):
        where = os.path.normpath(m.group(1)).removeprefix(f"{tree.root}/")
        check = m.group(4).replace(",-warnings-as-errors", "")
        if where in tree.files:
            found.append((where, int(m.group(2)), check, m.group(3)))
        else:  # clang stumbled inside a library: over what this file gave it
            found.append((path, 1, check, f"{where}:{m.group(2)}: {m.group(3)}"))
    if run.returncode != 0 and not found:
        found.append((path, 1, "clang-tidy", "clang-tidy failed: " + (run.stdout + run.stderr).strip()[-2000:]))
    return found


def _verdict(tree, path, command, checks, memo):
    file = tree.root / CACHE / _key(tree, path, command, checks, memo)
    if not file.exists():
        found = _analyse(tree, path, checks)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.rename(file)
    file.touch()
    return json.loads(file.read_text())


def _forget_old(folder, keep=2000):
    """Keeps the verdicts used last."""
    files = sorted(folder.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True)
    for file in files[keep:]:
        file.unlink(missing_ok=True)


def _check(tree, commands, checks):
    (tree.root / CACHE).mkdir(parents=True, exist_ok=True)
    if headers := _generated_headers(tree):
        made = tree.ninja(*headers)
        if made.returncode != 0:
            yield Finding("CMakeLists.txt", 1, "clang-tidy",
                          f"generated headers cannot be made:\n{made.stdout[-2000:]}")
            return
    memo = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        verdicts = pool.map(lambda item: _verdict(tree, *item, checks, memo), sorted(commands.items()))
        found = {tuple(finding) for verdict in verdicts for finding in verdict}
    _forget_old(tree.root / CACHE)
    for path, line, rule, text in sorted(found):
        yield Finding(path, line, rule, text)


def check(tree):
    commands = {path: command for path, command in _commands(tree).items() if not tree.source(path).is_test}
    yield from _check(tree, commands, QUICK)


def check_all(tree):
    yield from _check(tree, _commands(tree), ALL)
