#!/usr/bin/env python3
"""How long a sync of a log takes: of one that grows, of one that is allocated, of one that is written into zeros.

log_growth.py [--dir DIR] [--writers N] [--bytes N] [--seconds S]

Each writer appends so many bytes to a file of its own and syncs them, again and again, all at once: as members of a
cluster on one disk do. Three kinds, in turns, three times; the median is told.

exit codes: 0 measured; 2 bad usage
"""

import argparse
import multiprocessing
import os
import pathlib
import statistics
import tempfile
import time

KINDS = ("grows", "allocated", "zeros")
AHEAD = 64 << 20


def write(path, kind, size, seconds, results):
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    if kind == "allocated":
        os.posix_fallocate(descriptor, 0, AHEAD)
    if kind == "zeros":
        for _ in range(AHEAD >> 20):
            os.write(descriptor, bytes(1 << 20))
        os.lseek(descriptor, 0, os.SEEK_SET)
    os.fsync(descriptor)
    time.sleep(0.5)
    data = b"x" * size
    taken = []
    began = time.monotonic()
    while time.monotonic() - began < seconds and len(taken) * size < AHEAD - size:
        before = time.monotonic()
        os.write(descriptor, data)
        os.fdatasync(descriptor)
        taken.append(time.monotonic() - before)
    os.close(descriptor)
    results.put((len(taken) / (time.monotonic() - began), statistics.median(taken)))


def measure(folder, kind, arguments):
    results = multiprocessing.Queue()
    writers = [multiprocessing.Process(target=write, args=(folder / str(i), kind, arguments.bytes, arguments.seconds, results))
               for i in range(arguments.writers)]
    for writer in writers:
        writer.start()
    rates, medians = zip(*(results.get() for _ in writers))
    for writer in writers:
        writer.join()
    return statistics.mean(rates), statistics.mean(medians)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=pathlib.Path, help="on the disk that is measured")
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--bytes", type=int, default=8192)
    parser.add_argument("--seconds", type=float, default=2)
    arguments = parser.parse_args()
    if arguments.writers < 1 or not 0 < arguments.bytes <= 1 << 20 or arguments.seconds <= 0:
        parser.error("--writers from 1, --bytes from 1 to 1048576, --seconds above 0")
    found = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        for _ in range(3):
            for kind in KINDS:
                found[kind].append(measure(pathlib.Path(folder), kind, arguments))
    print(f"{arguments.writers} writers of {arguments.bytes} bytes: syncs a second of each, and the median of one")
    for kind in KINDS:
        rate = statistics.median(rate for rate, _ in found[kind])
        took = statistics.median(took for _, took in found[kind])
        print(f"{kind:10} {rate:6.0f}/s {took * 1e6:6.0f} us")


if __name__ == "__main__":
    main()
