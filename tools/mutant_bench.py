"""Where mutants are planted: a copy of the sources that is built anew for each of them."""

import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "lint"))

import mutants as patches  # noqa: E402
from source_copy import Failed, SourceCopy  # noqa: E402
from tree import Tree  # noqa: E402

WORK = ROOT / "build" / "mutants"
CORE = ("protocol/", "storage/", "sim/", "scenarios/", "properties/")
NOT_CORE = ("sim/explore/", "scenarios/calibration/", "scenarios/explore/")
# Of the core and the checker.
NOT_CHECKER = ("scenarios/calibration/",)


def core_digest(files, left_out=NOT_CORE):
    """Of the sources that decide how a run goes, as tools/core_hash.cc has it."""
    total = hashlib.sha256()
    for path in files:
        if path.startswith(CORE) and not path.startswith(left_out) and path.endswith((".h", ".cc", ".proto")):
            total.update(path.encode() + b"\0" + (ROOT / path).read_bytes() + b"\0")
    return total.hexdigest()


class Bench(SourceCopy):
    def __init__(self):
        super().__init__(ROOT, [path for path in Tree(ROOT).files if not path.startswith(patches.FOLDER)], WORK)

    def digest(self, left_out=NOT_CORE):
        return core_digest(self.files, left_out)

    def plant(self, mutant):
        return self.build(lambda tree: patches.apply(tree, ROOT / mutant.path))


def run(program, main):
    """Runs it as the whole of a program; errors are told as those of `program`."""
    try:
        sys.exit(main())
    except (Failed, patches.Refused) as problem:
        print(f"{program}: {problem}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; --resume goes on", file=sys.stderr)
        sys.exit(130)


def choose(names):
    """The mutants of these names, or all."""
    every = patches.load(Tree(ROOT))
    known = {m.name: m for m in every}
    if unknown := [n for n in names if n not in known]:
        raise Failed(f"there is no mutant {', '.join(unknown)}; ./dev mutants --list shows them")
    return [known[n] for n in sorted(set(names))] if names else every
