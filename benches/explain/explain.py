#!/usr/bin/env python3
"""How long `pystart explain` takes on real repositories.

    python3 benches/explain/explain.py FOLDER [--pystart PROGRAM] [--rounds N] [--slowest N]

FOLDER holds one checkout in each of its folders. `explain --json -C CHECKOUT` is run over each N times in a row (default 5),
after a run that is not counted and reads the files into the page cache; a checkout's time is the median of its runs, with the
start and the end of the process. Prints the median, the 99th percentile and the longest of them, and the slowest checkouts
with the size of the largest file that was read.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def explain(program, checkout):
    """Runs it once: how long it took, in milliseconds, and what it printed."""
    # Variables of whoever measures must not decide what is found.
    environ = {"PATH": "/usr/bin:/bin"}
    command = [program, "explain", "--json", "-C", checkout]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ)
    return (time.perf_counter() - start) * 1000, done.stdout


def percentile(times, share):
    """The smallest of the sorted times that is not exceeded by this share of them."""
    return times[max(0, -(-len(times) * share // 100) - 1)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pystart", default="pystart", help="the program to measure, as it is released")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slowest", type=int, default=5)
    args = parser.parse_args()
    checkouts = sorted(path for path in args.folder.iterdir() if path.is_dir())
    if not checkouts:
        sys.exit(f"{args.folder} has no folder")
    measured = []
    for checkout in checkouts:
        _, printed = explain(args.pystart, checkout)
        try:
            largest = max((file["bytes"] for file in json.loads(printed)["files_read"]), default=0)
        except (ValueError, KeyError) as error:
            sys.exit(f"{checkout}: no explanation was printed: {error!r}")
        took = statistics.median(explain(args.pystart, checkout)[0] for _ in range(args.rounds))
        measured.append((took, checkout.name, largest))
    measured.sort()
    times = [took for took, _, _ in measured]
    print(f"{len(times)} checkouts, the median of {args.rounds} runs each, in milliseconds")
    print(f"p50 {percentile(times, 50):.2f}   p99 {percentile(times, 99):.2f}   max {times[-1]:.2f}")
    for took, name, largest in reversed(measured[-args.slowest:]):
        print(f"{took:8.2f}  {name}, largest file read {largest} bytes")


if __name__ == "__main__":
    main()
