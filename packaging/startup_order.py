#!/usr/bin/env python3
"""Which functions a start runs: writes packaging/startup.ld, by which the linker puts them side by side.

    packaging/startup_order.py

The kernel reads a program in by windows of 16 pages, and each window that is touched costs a page fault. Scattered over
two megabytes, what a start runs touches three times as many of them as it would side by side, and stays in memory. The
list is made from the starts below, of a release build that keeps its names; a name that no longer is one is passed over by
the linker, so that an old list costs speed and nothing else (`tests/cost` sees it). Needs valgrind
and the target for musl.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-musl"
STARTS = {
    "Flask": ["run", "--app-root", "examples/flask"],
    "Django": ["run", "--app-root", "examples/django"],
    "Procfile": ["run", "--app-root", "examples/procfile"],
    "custom command": ["run", "--app-root", "examples/flask", "gunicorn", "app:app"],
    "init": ["run", "--app-root", "examples/flask", "--init", "always"],
    "Django below the root": ["run", "--app-root", "{trees}/below"],
    "Flask with an environment": ["run", "--app-root", "{trees}/environment"],
}
SETTINGS = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
TREES = {
    "below/README.md": "",
    "below/docs/index.md": "",
    "below/frontend/package.json": "{}",
    "below/backend/manage.py": SETTINGS,
    "below/backend/requirements.txt": "django\ngunicorn\n",
    "below/backend/shop/__init__.py": "",
    "below/backend/shop/settings.py": "",
    "below/backend/shop/asgi.py": f"{SETTINGS}from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
    "below/backend/shop/wsgi.py": f"{SETTINGS}from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "environment/app.py": "from flask import Flask\n\n\ndef create():\n    return Flask(__name__)\n\n\napp = create()\n",
    "environment/requirements.txt": "Flask==3.1\ngunicorn\n",
    "environment/antenv/pyvenv.cfg": "home = /usr/bin\nversion = 3.9.1\n",
    "environment/antenv/lib/python3.9/site-packages/flask/__init__.py": "",
}


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "startup-order"
    build = ["cargo", "build", "--release", "--locked", "--bin", "pystart", "--target", TARGET, "--target-dir", target]
    subprocess.run([*build, "--config", "profile.release.strip=false"], check=True, cwd=REPOSITORY)
    starts = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "gunicorn").symlink_to("/bin/true")
        for path, text in TREES.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for start, words in STARTS.items():
            words = [word.format(trees=folder) for word in words]
            found = functions(target / TARGET / "release/pystart", words, Path(folder))
            if not found:
                sys.exit(f"{start}: nothing was counted; does `valgrind --tool=callgrind /bin/true` work?")
            print(f"{start}: {len(found)} functions", file=sys.stderr)
            for pattern in filter(None, map(without_hashes, found)):
                starts.setdefault(pattern, set()).add(start)
    # What every start runs comes first, then what the same ones run: each of them touches fewer windows.
    patterns = sorted(starts, key=lambda pattern: (-len(starts[pattern]), sorted(starts[pattern]), pattern))
    # What is seldom run where it is called, such as making room, has a prefix of its own.
    lines = "".join(f"        *(.text.{pattern} .text.unlikely.{pattern})\n" for pattern in patterns)
    head = "/* What a start runs, side by side. Made by packaging/startup_order.py. */\n"
    # What is C or assembly has no section for each function: what begins a program, the C library, which is small, and the
    # stack of the parser.
    others = ["*crt1.o", "*crtbegin*.o", "*libc.a:*", "*libpsm-*.rlib:*"]
    lines = "".join(f"        {other}(.text .text.*)\n" for other in others) + lines
    script = f"{head}SECTIONS {{\n    .text.startup_order : {{\n{lines}    }}\n}}\nINSERT BEFORE .text;\n"
    (REPOSITORY / "packaging/startup.ld").write_text(script)


def functions(program, words, folder):
    """The mangled names of what is run until the server takes over, in our process and what it forks."""
    out = folder / "callgrind"
    for old in folder.glob("callgrind*"):
        old.unlink()
    callgrind = ["valgrind", "--quiet", "--tool=callgrind", "--trace-children=no", "--demangle=no", "--dump-before=execve"]
    environ = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "PORT": "18473"}
    command = [*callgrind, f"--callgrind-out-file={out}.%p", program, *words]
    # Where the init starts itself anew it finds valgrind in its place, and fails: by then the rest has been seen.
    subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True)
    text = "".join(file.read_text() for file in folder.glob("callgrind*"))
    return set(re.findall(r"^c?fn=\(\d+\) (\S+)", text, re.MULTILINE))


def without_hashes(name):
    """The same in every build: crates and functions carry hashes that are not. Other languages' names are left out."""
    name = re.sub(r"'\d+$", "", name)
    if name.startswith("_R"):
        return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", name)
    if name.startswith("_ZN"):
        return re.sub(r"17h[0-9a-f]{16}E", "17h*E", name)
    # What the compiler makes for the C library to call.
    return name if name == "main" else None


if __name__ == "__main__":
    main()
