#!/usr/bin/env python3
"""Measures an image in real containers: the first answer, the stop, and what it puts up with.

    tests/images/probe.py IMAGE [RUNS]      RUNS: how often each time is taken; the median is printed (default 7)

Prints the rows of the table in docs/image.md. The time to the first answer begins when the engine has started the
process (State.StartedAt), so that the engine's own work does not count.
"""

import datetime
import http.client
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

FLASK = """from flask import Flask
import os
app = Flask(__name__)

@app.route('/')
def home():
    return os.environb.get(b'V', b'')
"""
SPECIAL = "it's \"q\" $HOME `id` $(touch /tmp/x);\nline two = 2 \\"


def docker(*words):
    """The output of a `docker` command."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def get(port):
    """The body of `/`, or None if there is no answer yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.read().decode() if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def first_answer(name):
    """The body of the first answer with status 200, and the seconds from the start of the process to it."""
    port = int(docker("port", name, "8000").splitlines()[0].rsplit(":", 1)[1])
    deadline = time.time() + 60
    while (body := get(port)) is None:
        if time.time() > deadline:
            raise SystemExit(f"no answer:\n{docker('logs', name)}")
        time.sleep(0.002)
    now = datetime.datetime.now(datetime.timezone.utc)
    started = docker("inspect", "--format", "{{.State.StartedAt}}", name)
    return body, (now - datetime.datetime.fromisoformat(started[:26].rstrip("Z") + "+00:00")).total_seconds()


def probe(*options, words=()):
    """One container: the body, the seconds to it, the seconds of `docker stop`, and the exit status."""
    name = docker("run", "--detach", "--publish", "127.0.0.1:0:8000", *options, IMAGE, *words)
    try:
        body, start = first_answer(name)
        began = time.monotonic()
        docker("stop", "--time", "40", name)
        return body, start, time.monotonic() - began, docker("inspect", "--format", "{{.State.ExitCode}}", name)
    finally:
        docker("rm", "--force", "--volumes", name)


def times(label, *options, words=()):
    """Prints the medians of several containers."""
    runs = [probe(*options, words=words) for _ in range(RUNS)]
    start, stop = (statistics.median(run[place] for run in runs) for place in (1, 2))
    statuses = ", ".join(sorted({run[3] for run in runs}))
    print(f"| {label} | first 200 after {start:.2f} s | stop in {stop:.2f} s, exit status {statuses} |", flush=True)


IMAGE = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 7
with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    root.chmod(0o755)
    (root / "app.py").write_text(FLASK)
    (root / "start.sh").write_bytes(b"#!/bin/sh\r\ngunicorn --bind=0.0.0.0 app:app\r\n")
    site = ("--volume", f"{root}:/home/site/wwwroot:ro")
    times("default site")
    times("Flask", *site)
    times("start script (not executable, CRLF)", *site, words=("start.sh",))
    times("Flask, read-only root", *site, "--read-only", "--tmpfs", "/tmp")
    times("Flask, user 12345:54321", *site, "--user", "12345:54321", "--cap-drop", "ALL")
    body = probe(*site, "--env", f"V={SPECIAL}")[0]
    print(f"| special characters in a variable | {'unchanged' if body == SPECIAL else repr(body)} | |")
