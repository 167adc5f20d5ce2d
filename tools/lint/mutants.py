"""The patches of properties/mutants: their headers are whole, and each applies to the sources as they are."""

import functools
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

from tree import Finding

FOLDER = "properties/mutants/"
FIELDS = ("Breaks", "Seen", "Caught-by", "Scenario", "Flags")
REQUIRED = FIELDS[:3]
CHANGED_LINES_MAX = 16
PRODUCT = ("protocol/", "storage/")


class Refused(Exception):
    """A patch that cannot be used, and why."""


@dataclass(frozen=True)
class Mutant:
    name: str
    path: str  # from the root
    text: str
    breaks: str
    seen: str
    caught_by: tuple
    scenario: str
    flags: tuple


def fields_of(text):
    """{field: value} of what stands above the diff; a line that begins with a blank goes on."""
    found, last = {}, None
    for line in text.split("\n--- ", 1)[0].splitlines():
        if match := re.match(r"([A-Z][a-z-]+):\s*(.*)", line):
            last = match[1]
            found[last] = match[2].strip()
        elif last and line.startswith(" ") and line.strip():
            found[last] += " " + line.strip()
    return found


def parse(path, text):
    fields = fields_of(text)
    return Mutant(name=pathlib.PurePath(path).stem, path=path, text=text, breaks=fields.get("Breaks", ""),
                  seen=fields.get("Seen", ""),
                  caught_by=tuple(re.findall(r"[a-z_]+", fields.get("Caught-by", ""))),
                  scenario=fields.get("Scenario", "swarm"), flags=tuple(fields.get("Flags", "").split()))


def load(tree):
    """All mutants, by name; a header that is not whole is refused."""
    mutants = [parse(path, tree.read(path)) for path in tree.files if is_patch(path)]
    for mutant in mutants:
        if wrong := wrong_in_header(mutant, tree):
            raise Refused(f"{mutant.path}: {wrong}")
    return mutants


def is_patch(path):
    return path.startswith(FOLDER) and path.endswith(".patch")


def git_apply(folder, patch, *flags):
    # As if the folder were in no repository: git would look for the files from the top of that.
    alone = dict(os.environ, GIT_CEILING_DIRECTORIES=str(pathlib.Path(folder).resolve().parent))
    return subprocess.run(["git", "apply", *flags, str(patch)], cwd=folder, env=alone, capture_output=True, text=True)


def apply(folder, patch):
    done = git_apply(folder, patch)
    if done.returncode != 0:
        raise Refused(f"{patch} does not apply: {done.stderr.strip()}")


def wrong_in_header(mutant, tree):
    fields = fields_of(mutant.text)
    if unknown := [f for f in fields if f not in FIELDS]:
        return f"there is no field {', '.join(unknown)}; there are {', '.join(FIELDS)}"
    if missing := [f for f in REQUIRED if not fields.get(f)]:
        return f"the header lacks {', '.join(missing)}"
    if unknown := [p for p in mutant.caught_by if f'.name = "{p}"' not in properties_of(tree)]:
        return f"Caught-by: there is no property {', '.join(unknown)}"
    return None


@functools.cache
def properties_of(tree):
    """The headers of the judges, one text."""
    return "\n".join(tree.read(p) for p in tree.files if re.fullmatch(r"properties/\w+\.h", p))


def wrong_in_diff(mutant):
    files = re.findall(r"^\+\+\+ b/(\S+)", mutant.text, re.M)
    if not files:
        return "there is no diff"
    if outside := [f for f in files if not f.startswith(PRODUCT)]:
        return f"changes {', '.join(outside)}; a mutant breaks the product: {', '.join(PRODUCT)}"
    changed = [line for line in mutant.text.splitlines() if re.match(r"[+-](?!\+\+ |-- )", line)]
    if len(changed) > CHANGED_LINES_MAX:
        return f"changes {len(changed)} lines; a mutant is a slip of a few, {CHANGED_LINES_MAX} at most"
    return None


def check(tree):
    for path in tree.files:
        if not path.startswith(FOLDER):
            continue
        if not is_patch(path):
            yield Finding(path, 1, "mutant", "only patches belong here, NAME.patch")
            continue
        mutant = parse(path, tree.read(path))
        if wrong := wrong_in_header(mutant, tree) or wrong_in_diff(mutant):
            yield Finding(path, 1, "mutant", wrong)
            continue
        done = git_apply(tree.root, tree.root / path, "--check")
        if done.returncode != 0:
            first = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "git apply refused it"
            yield Finding(path, 1, "mutant", f"does not apply any more ({first}); make it anew, or take it out")
