#!/usr/bin/env python3
"""How long a build takes, against `python -m venv` and `pip install`, the two commands that everybody types.

    cargo build --release --locked && benches/build/compare.py [PYSTART] [--runs N] [--apps flask,django,...]

Needs `uv` (on PATH, or UV=/path/to/uv) and the package index. Every run of one way is followed by one of the next, so
that a busy machine or network meets all of them; what is printed is the median, divided by that of the two commands
in the same run. `cold`: nothing is cached; `warm`: the installer's own cache is filled. The last column is a build
that finds nothing changed, in milliseconds, the smallest of many: it is the program's own time.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APPS = {
    "flask": ["flask"],
    "django": ["django", "psycopg[binary]", "celery", "whitenoise"],
    "science": ["pandas", "scikit-learn", "fastapi"],
}
TITLES = {
    "flask": "Flask",
    "django": "Django, psycopg, celery, whitenoise",
    "science": "pandas, scikit-learn, FastAPI",
}
HERE = Path(__file__).resolve().parent.parent.parent


def interpreter() -> Path:
    """The interpreter itself, not a script that chooses one."""
    return Path(os.path.realpath(sys.executable))


class Bench:
    def __init__(self, binary: Path, uv: Path, folder: Path):
        self.binary, self.uv, self.folder = binary, uv, folder
        (folder / "python").mkdir()
        (folder / "python/python3").symlink_to(interpreter())
        (folder / "uv").mkdir()
        (folder / "uv/uv").symlink_to(uv)

    def environment(self, has_uv: bool, cache: Path) -> dict[str, str]:
        drop = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYSTART_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
        path = [str(self.folder / "python"), "/usr/bin", "/bin"]
        if has_uv:
            path.insert(0, str(self.folder / "uv"))
        return kept | {
            "PATH": ":".join(path),
            "PIP_CACHE_DIR": str(cache / "pip"),
            "UV_CACHE_DIR": str(cache / "uv"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def seconds(self, commands: list[list[str]], root: Path, has_uv: bool, cache: Path) -> float:
        shutil.rmtree(root / "antenv", ignore_errors=True)
        started = time.perf_counter()
        for command in commands:
            done = subprocess.run(
                command, cwd=root, env=self.environment(has_uv, cache), capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return time.perf_counter() - started

    def ways(self, root: Path) -> dict[str, tuple[list[list[str]], bool]]:
        build = [[str(self.binary), "build", "--app-root", str(root)]]
        own = str(root / "antenv/bin/python")
        python = str(self.folder / "python/python3")
        lists = ["-r", "requirements.txt"]
        return {
            "venv and pip": ([[python, "-m", "venv", "antenv"], [own, "-m", "pip", "install", *lists, "gunicorn"]], False),
            "pystart, pip": (build, False),
            "pystart, uv": (build, True),
            "uv": (
                [
                    [str(self.uv), "venv", "--python", python, "antenv"],
                    [str(self.uv), "pip", "install", "--compile-bytecode", "--python", own, *lists, "gunicorn"],
                ],
                True,
            ),
        }

    def measure(self, packages: list[str], runs: int) -> dict[str, dict[str, float]]:
        root = Path(tempfile.mkdtemp(dir=self.folder))
        (root / "requirements.txt").write_text("".join(f"{package}\n" for package in packages))
        (root / "app.py").write_text("def app(environ, start_response):\n    pass\n")
        times: dict[str, dict[str, list[float]]] = {"cold": {}, "warm": {}}
        ways = self.ways(root)
        warm = self.folder / "warm" / root.name
        for way, (commands, has_uv) in ways.items():
            self.seconds(commands, root, has_uv, warm)
        for _ in range(runs):
            for way, (commands, has_uv) in ways.items():
                cold = Path(tempfile.mkdtemp(dir=self.folder))
                times["cold"].setdefault(way, []).append(self.seconds(commands, root, has_uv, cold))
                shutil.rmtree(cold)
            for way, (commands, has_uv) in ways.items():
                times["warm"].setdefault(way, []).append(self.seconds(commands, root, has_uv, warm))
        shutil.rmtree(root)
        medians = {kind: {way: statistics.median(all_) for way, all_ in by.items()} for kind, by in times.items()}
        return {
            kind: {way: seconds / by["venv and pip"] for way, seconds in by.items()} | {"seconds": by["venv and pip"]}
            for kind, by in medians.items()
        }

    def unchanged(self) -> float:
        """Milliseconds of a build that has nothing to do."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        (root / "requirements.txt").write_text("itsdangerous\n")
        (root / "app.py").write_text("def app(environ, start_response):\n    pass\n")
        commands, has_uv = self.ways(root)["pystart, uv"]
        self.seconds(commands, root, has_uv, self.folder / "warm")
        environment = self.environment(has_uv, self.folder / "warm")
        best = float("inf")
        for _ in range(200):
            started = time.perf_counter()
            subprocess.run(commands[0], env=environment, stderr=subprocess.DEVNULL, check=True)
            best = min(best, time.perf_counter() - started)
        return best * 1000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pystart", nargs="?", type=Path)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--apps", default=",".join(APPS))
    given = arguments.parse_args()
    found = sorted(HERE.glob("target/*/release/pystart")) + sorted(HERE.glob("target/release/pystart"))
    binary = (given.pystart or (found[0] if found else None)) or sys.exit("no binary: cargo build --release --locked")
    uv = os.environ.get("UV") or shutil.which("uv") or sys.exit("no uv: put it on PATH, or name it in UV")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(binary.resolve(), Path(os.path.realpath(uv)), Path(folder))
        print("| app | `venv` and `pip` | pystart with pip | pystart with uv | uv alone |")
        print("| --- | --- | --- | --- | --- |")
        for app in given.apps.split(","):
            ratios = bench.measure(APPS[app], given.runs)
            cold, warm = ratios["cold"], ratios["warm"]
            cells = [f"{cold[way]:.2f} / {warm[way]:.2f}" for way in ("pystart, pip", "pystart, uv", "uv")]
            print(f"| {TITLES[app]} | 1 ({cold['seconds']:.1f} s / {warm['seconds']:.1f} s) | {' | '.join(cells)} |", flush=True)
        print(f"\nNothing changed: {bench.unchanged():.1f} ms")


if __name__ == "__main__":
    main()
