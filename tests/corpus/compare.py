#!/usr/bin/env python3
"""Compare detection on a corpus of real repositories with what other tools would start.

usage: compare.py TOOLS TABLE TREES [--pystart PROGRAM]

TOOLS   folder with the corpus's own `score.py` and `peers.py`
TABLE   its table of cases: which object in which file the author of each repository starts
TREES   the folder with one plain folder for each case

Prints the share of right answers by framework, one column for each tool, and then
every case that pystart does not get right. Exit status 1 if a framework is below 90 %
or the total below 95 %. Not part of CI: the repositories are fetched, never committed.
"""
import argparse
import os
import re
import subprocess
import sys

PEERS = ("oryx-3.14", "azure-entrypoint", "flyctl", "s2i", "railpack", "nixpacks")
LEAST = {"total": 95.0}


def score(tools, arguments):
    """The share of right answers by group, and the lines about cases that are not right."""
    command = [sys.executable, "-B", os.path.join(tools, "score.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shares, others = {}, []
    for line in done.stdout.splitlines()[1:]:
        row = re.match(r"(\S+)(?:\s+\d+){5}\s+([\d.]+)$", line)
        if row:
            shares[row[1]] = float(row[2])
        else:
            others.append(line)
    return shares, others


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("tools")
    parser.add_argument("table")
    parser.add_argument("trees")
    parser.add_argument("--pystart", default="pystart", help="the program to measure")
    args = parser.parse_args()
    tree = os.path.abspath(args.trees)
    command = f"{args.pystart} explain --json --app-root {{app}}"
    own, misses = score(args.tools, [args.table, tree, "--list", "--command", command])
    columns = {"pystart": own}
    for peer in PEERS:
        columns[peer] = score(args.tools, [args.table, tree, "--peer", peer])[0]
    print(f"{'':14}" + "".join(f"{name:>18}" for name in columns))
    for group in own:
        print(f"{group:14}" + "".join(f"{shares.get(group, 0):16.1f} %" for shares in columns.values()))
    print("\n".join(["", *misses]) if misses else "")
    return 1 if any(share < LEAST.get(group, 90.0) for group, share in own.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
