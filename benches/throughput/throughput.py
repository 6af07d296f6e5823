"""What the number of workers and threads is worth, in containers with 2 CPUs and 1 GB.

    python3 benches/throughput/throughput.py IMAGE [PART...] [--seconds N] [--rounds N]

IMAGE is the target `runtime` (`docker build --target runtime -t IMAGE .`). Needs Docker and `wrk`. PART is one of

    waits, computes  a WSGI app that waits 50 ms, or computes 5 ms, for each request: 64 connections
    fastapi          a FastAPI app, from a virtual environment that is made in IMAGE with pinned packages: 512 connections
    idle             the time of one request, alone and beside seven connections that are open and say nothing
    slow             `pystart health --live` and `pystart health` while the site answers one request for 8 seconds

and all of them without. The settings take turns, in rounds of N seconds for each; requests are medians of the rounds,
relative to the first setting, memory is that of the processes after the rounds. "Processors" is how many the container
had on average: on a machine with two, `wrk` and the kernel's network need a part of them. Each part says which goals it
meets.
"""

import argparse
import contextlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SERVE = """
def app(environ, start_response):
    work(environ)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
WAITS = "import time\n\ndef work(environ):\n    time.sleep(0.05)\n" + SERVE
COMPUTES = """import time

def work(environ):
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
""" + SERVE
SLOW = 'import time\n\ndef work(environ):\n    time.sleep(8 if environ["PATH_INFO"] == "/slow" else 0)\n' + SERVE
FASTAPI = """from fastapi import FastAPI

app = FastAPI()

@app.get("/")
async def index():
    return {"message": "ok"}
"""
PACKAGES = ["fastapi==0.165.0", "uvicorn==0.54.0", "uvicorn-worker==0.4.0", "gunicorn==27.0.1"]

ONE, AUTO = "1 sync worker", "auto: 2 workers, 8 threads each"
THREADED = {
    ONE: ["WEB_CONCURRENCY=1", "PYSTART_THREADS=1"],
    "2 sync workers": ["WEB_CONCURRENCY=2", "PYSTART_THREADS=1"],
    "5 sync workers": ["WEB_CONCURRENCY=5", "PYSTART_THREADS=1"],
    "1 worker, 16 threads": ["WEB_CONCURRENCY=1", "PYSTART_THREADS=16"],
    AUTO: [],
}
EVENTS = {
    "1 worker": ["WEB_CONCURRENCY=1"],
    "auto: 2 workers": [],
    "5 workers": ["WEB_CONCURRENCY=5"],
}
ROOT, PORT = "/home/site/wwwroot", 8000


def docker(*words):
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"docker {' '.join(words)}\n{done.stderr}")
    return done.stdout.strip()


@contextlib.contextmanager
def sites(image, source, settings, packages=None):
    """A container for each setting; its name and address, which spares the measurement Docker's proxy for published ports."""
    running = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "app.py").write_text(source)
        volumes = [f"{folder}:{ROOT}:ro"] + ([f"{packages}:/packages:ro"] if packages else [])
        options = ["--cpus", "2", "--memory", "1g", "--label", "pystart.bench"]
        options += [word for volume in volumes for word in ("--volume", volume)]
        try:
            for setting, variables in settings.items():
                extra = [*variables, *(["VIRTUAL_ENV=/packages"] if packages else [])]
                name = docker("run", "--detach", *options, *(word for v in extra for word in ("--env", v)), image)
                running[setting] = name, None
                address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
                running[setting] = name, docker("inspect", "--format", address, name)
                wait(*running[setting])
            yield running
        finally:
            for name, _ in running.values():
                docker("rm", "--force", name)


def wait(name, host):
    deadline = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(f"http://{host}:{PORT}/", timeout=5).read()
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(docker("logs", name))
            time.sleep(0.05)


@contextlib.contextmanager
def environment(image):
    """A folder with a virtual environment of the image's Python, which is to be mounted as /packages."""
    with tempfile.TemporaryDirectory() as folder:
        make = f"python3 -m venv /packages && /packages/bin/pip install --quiet {' '.join(PACKAGES)}"
        words = ["--rm", "--network", "host", "--volume", f"{folder}:/packages", "--entrypoint", "sh"]
        docker("run", *words, image, "-c", make)
        try:
            yield folder
        finally:
            docker("run", *words, image, "-c", "rm -rf /packages/*")


def group(name, *files):
    """What the kernel says of the container's control group; its two versions have it in different files."""
    files = " ".join(f"/sys/fs/cgroup/{file}" for file in files)
    return docker("exec", name, "sh", "-c", f"cat {files} 2> /dev/null || true")


def memory(name):
    """MiB of the processes, without the page cache."""
    stat = group(name, "memory.stat", "memory/memory.stat")
    return int(re.search(r"^(?:anon|rss) (\d+)$", stat, re.MULTILINE)[1]) / 2**20


def processor(name):
    """Seconds of a processor that its processes had."""
    usage = group(name, "cpu.stat", "cpuacct/cpuacct.usage")
    micro, nano = (re.search(pattern, usage, re.MULTILINE) for pattern in (r"^usage_usec (\d+)$", r"^(\d+)$"))
    return int(micro[1]) / 1e6 if micro else int(nano[1]) / 1e9


def load(host, connections, seconds):
    """Requests a second, and the time in which 99 of 100 were answered, in milliseconds."""
    words = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency", "--timeout", "30s"]
    text = subprocess.run([*words, f"http://{host}:{PORT}/"], check=True, capture_output=True, text=True).stdout
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def goal(what, value, bound, is_met):
    print(f"goal: {what} {bound}: {value:.2f}, {'met' if is_met else 'MISSED'}")


def throughput(title, running, connections, least, options):
    runs = {setting: [] for setting in running}
    before = {setting: processor(name) for setting, (name, _) in running.items()}
    for _ in range(options.rounds):
        for setting, (_, host) in running.items():
            runs[setting].append(load(host, connections, options.seconds))
    time_had = {setting: processor(name) - before[setting] for setting, (name, _) in running.items()}
    used = {setting: memory(name) for setting, (name, _) in running.items()}
    medians = {setting: [statistics.median(values) for values in zip(*own)] for setting, own in runs.items()}
    first = next(iter(running))
    base, small = medians[first][0], used[first]
    print(f"\n| {title}, {connections} connections | requests | p99 | memory | processors |\n| --- | --- | --- | --- | --- |")
    for setting, (rate, late) in medians.items():
        cells = [f"{rate / base:.2f} ({rate:.0f}/s)", f"{late:.0f} ms", f"{used[setting] / small:.2f} ({used[setting]:.0f} MiB)"]
        print(f"| {setting} | {' | '.join(cells)} | {time_had[setting] / (options.rounds * options.seconds):.2f} |")
    auto = next(setting for setting in running if setting.startswith("auto"))
    print()
    goal(f"{title}, requests", medians[auto][0] / base, f"at least {least}", medians[auto][0] / base >= least)
    goal(f"{title}, memory", used[auto] / small, "at most 1.7", used[auto] / small <= 1.7)


def waits(options):
    with sites(options.image, WAITS, THREADED) as running:
        throughput("waits 50 ms", running, 64, 12, options)


def computes(options):
    with sites(options.image, COMPUTES, THREADED) as running:
        throughput("computes 5 ms", running, 64, 1.8, options)


def fastapi(options):
    with environment(options.image) as packages, sites(options.image, FASTAPI, EVENTS, packages) as running:
        throughput("FastAPI", running, 512, 1.4, options)


def request(host, limit):
    """Milliseconds until the whole answer was there; none if it took longer than `limit` seconds."""
    start = time.monotonic()
    try:
        urllib.request.urlopen(f"http://{host}:{PORT}/", timeout=limit).read()
    except OSError:
        return None
    return (time.monotonic() - start) * 1e3


def idle(options):
    """Each request has a connection of its own. With all processes taken by idle connections no answer comes at all."""
    limit, count = 5, 101
    print(f"\n| one request | alone | beside 7 idle connections |\n| --- | --- | --- |")
    with sites(options.image, SLOW, {ONE: THREADED[ONE], AUTO: THREADED[AUTO]}) as running:
        found = {}
        for setting, (_, host) in running.items():
            alone = statistics.median(request(host, limit) or limit * 1e3 for _ in range(count))
            others = [socket.create_connection((host, PORT)) for _ in range(7)]
            # They are accepted before anything that comes after them.
            first = request(host, limit)
            later = [request(host, limit) or limit * 1e3 for _ in range(count - 1)] if first else []
            beside = statistics.median([first, *later]) if first else None
            for other in others:
                other.close()
            found[setting] = alone, beside
            shown = f"no answer within {limit} s" if beside is None else f"{beside:.1f} ms"
            print(f"| {setting} | {alone:.1f} ms | {shown} |")
        alone, beside = found[AUTO]
        ratio = (beside or limit * 1e3) / alone
        print()
        goal("idle connections, the time of a request beside them over that alone", ratio, "at most 1.5", ratio <= 1.5)


def slow(options):
    """For as long as one request takes."""
    print("\n| while one request takes 8 s | `pystart health --live` | `pystart health` |\n| --- | --- | --- |")
    with sites(options.image, SLOW, {ONE: THREADED[ONE], AUTO: THREADED[AUTO]}) as running:
        failed = 0
        for setting, (name, host) in running.items():
            busy = socket.create_connection((host, PORT))
            busy.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            busy.setblocking(False)
            asked = {"--live": [], "--time-limit=2": []}
            start = time.monotonic()
            while time.monotonic() - start < 5:
                for words, answers in asked.items():
                    done = subprocess.run(["docker", "exec", name, "pystart", "health", words], capture_output=True, text=True)
                    answers.append(done.returncode)
            with contextlib.suppress(BlockingIOError):
                sys.exit(f"the slow request was answered too early: {busy.recv(100)}")
            busy.close()
            failed += sum(status != 0 for status in asked["--live"])
            cells = [f"{answers.count(0)} of {len(answers)} healthy" for answers in asked.values()]
            print(f"| {setting} | {' | '.join(cells)} |")
        print()
        goal("a slow request, `health --live` that says no", failed, "at most 0", failed == 0)


if __name__ == "__main__":
    parts = {part.__name__: part for part in (waits, computes, fastapi, idle, slow)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("part", nargs="*", metavar="PART", choices=[[], *parts])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for part in options.part or parts:
        parts[part](options)
