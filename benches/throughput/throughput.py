"""What the number of workers and threads is worth, in containers with 2 CPUs and 1 GB.

    python3 benches/throughput/throughput.py IMAGE [SECONDS]

IMAGE is the target `runtime` (`docker build --target runtime -t IMAGE .`). Needs Docker and `wrk`. The settings take turns,
three rounds of SECONDS (5) for each; requests are medians of the rounds, relative to one sync worker.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

APPS = {
    "waits 50 ms": "import time\n\ndef work():\n    time.sleep(0.05)\n",
    "computes 5 ms": "import time\n\ndef work():\n    end = time.thread_time() + 0.005\n    while time.thread_time() < end:\n        pass\n",
}
SERVE = """
def app(environ, start_response):
    work()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
SETTINGS = {
    "1 sync worker": [],
    "2 sync workers": ["WEB_CONCURRENCY=2"],
    "5 sync workers": ["WEB_CONCURRENCY=5"],
    "1 worker, 16 threads": ["PYSTART_THREADS=16"],
    "auto: 2 workers, 8 threads each": ["WEB_CONCURRENCY=auto"],
}
CONNECTIONS, ROUNDS = 64, 3


def docker(*words):
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def start(image, folder, variables):
    limits = ["--cpus", "2", "--memory", "1g", "--publish", "127.0.0.1:0:8000", "--volume", f"{folder}:/home/site/wwwroot:ro"]
    name = docker("run", "--detach", "--label", "pystart.bench", *limits, *(word for v in variables for word in ("--env", v)), image)
    port = docker("port", name, "8000").split()[0].rsplit(":")[-1]
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            return name, port
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(docker("logs", name))
            time.sleep(0.05)


def memory(name):
    """MiB of the processes, without the page cache."""
    stat = docker("exec", name, "sh", "-c", "cat /sys/fs/cgroup/memory.stat /sys/fs/cgroup/memory/memory.stat 2> /dev/null || true")
    return int(re.search(r"^(?:anon|rss) (\d+)$", stat, re.MULTILINE)[1]) / 2**20


def load(port, seconds):
    """Requests a second, and the time in which 99 of 100 were answered, in milliseconds."""
    words = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--latency", "--timeout", "30s"]
    text = subprocess.run([*words, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True).stdout
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


def measure(image, app, seconds):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "app.py").write_text(APPS[app] + SERVE)
        running = {name: start(image, folder, variables) for name, variables in SETTINGS.items()}
        try:
            runs = {name: [] for name in SETTINGS}
            for _ in range(ROUNDS):
                for name, (_, port) in running.items():
                    runs[name].append(load(port, seconds))
            used = {name: memory(container) for name, (container, _) in running.items()}
        finally:
            for container, _ in running.values():
                docker("rm", "--force", container)
    medians = {name: [statistics.median(values) for values in zip(*own)] for name, own in runs.items()}
    base, least = medians["1 sync worker"][0], used["1 sync worker"]
    print(f"\n| {app} | requests | p99 | memory |\n| --- | --- | --- | --- |")
    for name, (rate, late) in medians.items():
        print(f"| {name} | {rate / base:.2f} ({rate:.0f}/s) | {late:.0f} ms | {used[name] / least:.2f} ({used[name]:.0f} MiB) |")


if __name__ == "__main__":
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for app in APPS:
        measure(sys.argv[1], app, seconds)
