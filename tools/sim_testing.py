"""What the tests of the program holdfast-sim share: PROGRAM CASE on the command line."""

import pathlib
import subprocess
import sys
import tempfile

PROGRAM = ""


def call(*arguments, cwd, timeout=800, **how):
    """Runs the program to its end."""
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=cwd, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)


def check(condition, what, result=None):
    if condition:
        return
    if result is not None:
        print(f"exit {result.returncode}\n--- stdout\n{result.stdout[-6000:]}\n--- stderr\n{result.stderr[-4000:]}")
    sys.exit(f"FAILED: {what}")


def expect_exit(result, code):
    check(result.returncode == code, f"{result.args[1:]}: expected exit {code}, got {result.returncode}", result)


def start(*arguments, cwd, **how):
    """Starts the program and does not wait for it."""
    return subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)


def play(cases):
    """Plays the case that the command line names, in a folder of its own."""
    global PROGRAM
    if len(sys.argv) != 3 or sys.argv[2] not in cases:
        sys.exit(f"usage: {sys.argv[0]} PROGRAM CASE, of {', '.join(cases)}")
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        cases[sys.argv[2]](pathlib.Path(folder))
    print("passed")
