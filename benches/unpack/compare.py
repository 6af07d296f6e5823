#!/usr/bin/env python3
"""How long a deployment in an archive takes, against GNU tar with zstd and with gzip.

    cargo build --release --locked && benches/unpack/compare.py [PYSTART] [--runs N] [--disk FOLDER]

The data is an app with an environment of pandas, numpy, scikit-learn and Flask, from the package index; it is made once
and kept in `target/tmp`. Needs GNU tar, zstd and gzip. Every run of one way is followed by one of the next, so that a
busy machine meets all of them; what is printed is the median, divided by that of tar in the same run. On ext4 (or what
`target` lies on) and on tmpfs (`/dev/shm`), with the archive in the page cache. On the disk what was unpacked stays until
the end (0.4 GB for each run of each way): for a while ext4 gives the inodes of removed files to no other file, and looks at all
of them for each that is made, which takes ten times as long as unpacking.
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

HERE = Path(__file__).resolve().parent.parent.parent
PACKAGES = ["pandas", "numpy", "scikit-learn", "flask", "gunicorn"]
APP = "from flask import Flask\n\napp = Flask(__name__)\n"
MANIFEST = 'PythonVersion="3.11.7"\nvirtualEnvName="antenv"\nCompressDestinationDir="true"\n'
FORMS = {"output.tar.zst": ["-I", "zstd"], "output.tar.gz": ["-z"]}
TEMPORARY = Path("/dev/shm")
# So many starts are one measurement: each is a few milliseconds.
STARTS = 50


class Data:
    """What is measured on; a whole one that is there from the last time is taken."""

    def __init__(self, folder: Path):
        self.folder, self.app = folder, folder / "app"
        if not folder.is_dir():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self.make(part)
            part.rename(folder)

    def make(self, part: Path) -> None:
        app, antenv = part / "app", part / "app/antenv"
        subprocess.run([sys.executable, "-m", "venv", antenv], check=True)
        subprocess.run([antenv / "bin/python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        (app / "app.py").write_text(APP)
        for name, form in FORMS.items():
            site = part / name.removeprefix("output.tar.")
            site.mkdir()
            (site / "oryx-manifest.toml").write_text(MANIFEST)
            subprocess.run(["tar", *form, "-cf", site / name, "."], cwd=app, check=True)

    def site(self, name: str) -> Path:
        return self.folder / name.removeprefix("output.tar.")

    def described(self) -> str:
        found = [path for path in self.app.rglob("*")]
        size = sum(path.stat().st_size for path in found if path.is_file() and not path.is_symlink())
        packed = ", ".join(f"{(self.site(name) / name).stat().st_size / 1e6:.0f} MB as {name[11:]}" for name in FORMS)
        return f"{len(found)} members, {size / 1e6:.0f} MB; {packed}"


class Bench:
    def __init__(self, binary: Path, data: Data, runs: int):
        self.binary, self.data, self.runs = binary, data, runs

    def environment(self, unpack_dir: Path) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(unpack_dir), "PYSTART_UNPACK_DIR": str(unpack_dir)}

    def pystart(self, folder: Path, root: Path, *words: str) -> tuple[list[str], dict[str, str]]:
        return [str(self.binary), *words], self.environment(folder) | {"PYSTART_APP_ROOT": str(root)}

    def seconds(self, command: list[str], environment: dict[str, str] | None = None) -> tuple[float, int]:
        """The wall time, and the largest resident size in KiB of the program (not of what it starts)."""
        started = time.perf_counter()
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        told = running.stderr.read()
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode != 0:
            sys.exit(f"{command} failed:\n{told.decode()}")
        return time.perf_counter() - started, usage.ru_maxrss

    def unpacking(self, name: str, folder: Path) -> tuple[float, float, int]:
        """Median seconds of tar and of pystart in this folder, and the most memory in KiB of the latter."""
        archive, times, memory = self.data.site(name) / name, ([], []), 0
        for _ in range(self.runs):
            for at, is_tar in ((0, True), (1, False)):
                work = Path(tempfile.mkdtemp(dir=folder))
                os.sync()
                if is_tar:
                    took, _ = self.seconds(["tar", "-C", str(work), *FORMS[name], "-xf", str(archive)])
                else:
                    took, most = self.seconds(*self.pystart(work, archive.parent, "run", "--", "true"))
                    memory = max(memory, most)
                times[at].append(took)
                if folder == TEMPORARY:
                    shutil.rmtree(work)
        return statistics.median(times[0]), statistics.median(times[1]), memory

    def starts(self) -> tuple[float, float]:
        """Milliseconds of a start from a folder, and of one that finds the archive unpacked; of a command that ends at once."""
        work = Path(tempfile.mkdtemp(dir=TEMPORARY))
        packed = self.pystart(work, self.data.site("output.tar.zst"), "run", "--", "true")
        self.seconds(*packed)
        own = next(work.glob("pystart-*/*/app"))
        ways = [self.pystart(work, own, "run", "--", "true"), packed]
        best = [float("inf")] * 2
        for _ in range(STARTS * self.runs):
            for at, way in enumerate(ways):
                best[at] = min(best[at], self.seconds(*way)[0])
        shutil.rmtree(work)
        return best[0] * 1000, best[1] * 1000

    def explain(self, name: str) -> tuple[float, float, float]:
        """Seconds of `explain` on the archive, and of unpacking it to tmpfs by tar and by a start."""
        times: tuple[list[float], list[float], list[float]] = ([], [], [])
        root = self.data.site(name)
        for _ in range(self.runs):
            work = Path(tempfile.mkdtemp(dir=TEMPORARY))
            own = Path(tempfile.mkdtemp(dir=TEMPORARY))
            times[0].append(self.seconds(*self.pystart(own, root, "explain"))[0])
            times[1].append(self.seconds(["tar", "-C", str(work), *FORMS[name], "-xf", str(root / name)])[0])
            shutil.rmtree(work)
            times[2].append(self.seconds(*self.pystart(own, root, "run", "--", "true"))[0])
            shutil.rmtree(own)
        return tuple(statistics.median(each) for each in times)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pystart", nargs="?", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--disk", type=Path, help="another folder than target/tmp: a file system of its own is best")
    given = arguments.parse_args()
    found = sorted(HERE.glob("target/*/release/pystart")) + sorted(HERE.glob("target/release/pystart"))
    binary = (given.pystart or (found[0] if found else None)) or sys.exit("no binary: cargo build --release --locked")
    kept = HERE / "target/tmp"
    kept.mkdir(parents=True, exist_ok=True)
    data = Data(kept / "unpack-data")
    with tempfile.TemporaryDirectory(dir=given.disk or kept) as disk:
        compare(Bench(binary.resolve(), data, given.runs), Path(disk))


def compare(bench: Bench, disk: Path) -> None:
    print(f"{bench.data.described()}\n", flush=True)
    print("| work | tar | pystart | ratio | peak memory |\n| --- | --- | --- | --- | --- |")
    for name in FORMS:
        for title, folder in (("disk", disk), ("tmpfs", TEMPORARY)):
            tar, own, memory = bench.unpacking(name, folder)
            row = f"{tar:.2f} s | {own:.2f} s | {own / tar:.2f} | {memory / 1024:.0f} MiB"
            print(f"| `{name[7:]}`, {title} | {row} |", flush=True)
    print("\n| work | against | ratio |\n| --- | --- | --- |")
    folder, unpacked = bench.starts()
    print(f"| start that finds it unpacked | {unpacked:.2f} ms, from a folder {folder:.2f} ms | {unpacked / folder:.2f} |", flush=True)
    for name in FORMS:
        explain, tar, own = bench.explain(name)
        for who, took in (("GNU tar", tar), ("a start", own)):
            row = f"{explain:.2f} s, unpacking to tmpfs by {who} {took:.2f} s | {explain / took:.2f}"
            print(f"| `explain` on `{name[7:]}` | {row} |", flush=True)


if __name__ == "__main__":
    main()
