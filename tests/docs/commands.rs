//! Every command that the pages tell a reader to type: by which test it is run as it stands there, or why by none.
//!
//! Transcripts (blocks of type `console`) are not listed: transcripts.rs runs every one of them.

/// What becomes of a command.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// This test takes it from here.
    By(&'static str),
    /// No test does, for this reason.
    Not(&'static str),
}

use Run::{By, Not};

const CRATES: Run = By("tests/packaging/ways.rs::the_sources");
const TRIED: Run = By("tests/packaging/ways.rs::a_try_with_cargo");
const DOCKER: Run = By("tests/containers/pages.rs::commands");
const SHELL: Run = By("tests/docs/shells.rs::an_ssh_session_and_a_start_script_do_what_the_pages_say");
const COMPOSE: Run = By("tests/containers/deploy.rs::compose");
const SWARM: Run = By("tests/containers/orchestrators.rs::swarm");

const CLUSTER: Run =
    Not("needs a cluster; tests/containers/orchestrators.rs has Podman play the file, deploy.rs checks it");
const CORPUS: Run = Not("needs the corpus of real repositories, which is not passed on");
const MEASURES: Run = Not("takes minutes on a quiet machine, and prints what has to be read");
const HOURS: Run = Not("takes hours, or tools that take minutes to compile");
const GATE: Run = Not("is the gate, of which this test is a part");
const TOOLCHAIN: Run = Not("needs another toolchain, or changes the one that is here");

/// Page, what becomes of them, the commands. `cargo test` is not here: the gate runs all of it, and another test says that
/// what is named exists.
pub(crate) const COMMANDS: &[(&str, Run, &[&str])] = &[
    ("README.md", TRIED, &["cargo run -- run --build -C examples/flask"]),
    (
        "README.md",
        DOCKER,
        &[
            "docker build -t pystart .",
            "docker run -p 8000:8000 -v \"$PWD/examples/flask:/home/site/wwwroot\" -e PYSTART_BUILD=1 pystart",
        ],
    ),
    ("CONTRIBUTING.md", GATE, &[".ci/run"]),
    (
        "CONTRIBUTING.md",
        HOURS,
        &["cargo install --locked cargo-mutants", "cargo mutants --sharding round-robin --shard 3/9"],
    ),
    ("CONTRIBUTING.md", MEASURES, &["cargo bench --bench launch"]),
    (
        "CONTRIBUTING.md",
        CORPUS,
        &[
            "python3 tests/corpus/compare.py TOOLS TABLE TREES --pystart target/release/pystart",
            "python3 benches/explain/explain.py FOLDER --pystart \"$(packaging/compile)\"",
        ],
    ),
    (
        "docs/build.md",
        DOCKER,
        &[
            "docker run -p 8000:8000 -v \"$PWD:/home/site/wwwroot\" -e PYSTART_BUILD=1 pystart",
            "docker run -p 8000:8000 -v \"$PWD:/home/site/wwwroot\" -e PYSTART_BUILD=1 -v pystart-cache:/cache -e PYSTART_CACHE_DIR=/cache pystart",
            "docker build --tag pystart:build --target build .",
        ],
    ),
    (
        "docs/detection.md",
        CORPUS,
        &["python3 tests/corpus/compare.py TOOLS TABLE TREES --pystart target/release/pystart"],
    ),
    (
        "docs/image.md",
        DOCKER,
        &[
            "docker build --tag pystart .",
            "docker run --publish 127.0.0.1:8000:8000 pystart",
            "docker run --publish 127.0.0.1:8000:8000 --volume \"$PWD:/home/site/wwwroot:ro\" pystart",
            "docker run --volume \"$PWD:/home/site/wwwroot:ro\" pystart explain",
            "docker run --user 12345:54321 --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --publish 127.0.0.1:8000:8000 --volume \"$PWD:/home/site/wwwroot:ro\" pystart",
        ],
    ),
    ("docs/image.md", COMPOSE, &["docker compose --file deploy/compose.yaml --project-directory . up"]),
    (
        "docs/image.md",
        SWARM,
        &["SITE_IMAGE=registry.example.com/site:1.0.0 docker stack deploy --compose-file deploy/stack.yaml site"],
    ),
    (
        "docs/image.md",
        CLUSTER,
        &["kubectl apply --filename deploy/kubernetes.yaml", "kubectl apply --kustomize deploy"],
    ),
    (
        "docs/init.md",
        SHELL,
        &["#!/bin/sh\npython manage.py migrate --noinput\nexec gunicorn --bind=0.0.0.0:\"$PORT\" mysite.wsgi"],
    ),
    (
        "docs/install.md",
        By("tests/packaging/ways.rs::a_wheel_in_an_environment"),
        &[
            "mkdir hello && cd hello",
            "printf 'from flask import Flask\\n\\napp = Flask(__name__)\\n\\n\\n@app.route(\"/\")\\ndef index():\\n    return \"Hello\\\\n\"\\n' > app.py",
            "printf 'flask\\ngunicorn\\n' > requirements.txt",
            "python3 -m venv antenv",
            "antenv/bin/pip install \"pystart-server[gunicorn]\" flask",
            "antenv/bin/pystart run -C .",
        ],
    ),
    (
        "docs/install.md",
        DOCKER,
        &["docker run --publish 8000:8000 --volume \"$PWD:/home/site/wwwroot\" --env PYSTART_BUILD=1 pystart"],
    ),
    (
        "docs/install.md",
        By("tests/packaging/ways.rs::a_file_of_a_release"),
        &[
            "sha256sum --ignore-missing --check SHA256SUMS",
            "sudo install pystart-x86_64-linux /usr/local/bin/pystart",
            "pystart run --build -C .",
        ],
    ),
    ("docs/install.md", CRATES, &["cargo install --locked --path .", "packaging/compile"]),
    ("docs/performance.md", TOOLCHAIN, &["rustup target add x86_64-unknown-linux-musl"]),
    (
        "docs/performance.md",
        MEASURES,
        &[
            "cargo bench --bench launch",
            "docker build --target runtime --tag pystart . && python3 benches/throughput/throughput.py pystart",
        ],
    ),
    (
        "docs/testing.md",
        HOURS,
        &[
            "tests/fuzz/run.py",
            "FAULTS=all cargo test --locked --test faults -- --nocapture --test-threads=1",
            "cargo mutants --sharding round-robin --shard \"$(shuf -i 0-8 -n 1)/9\"",
        ],
    ),
    (
        "docs/testing.md",
        TOOLCHAIN,
        &[
            "RUSTFLAGS='-Zsanitizer=address --cfg fuzzing' cargo +nightly test --locked --test init --target x86_64-unknown-linux-gnu -- --skip upgrade --skip look",
        ],
    ),
    ("docs/testing.md", Not("needs valgrind, under which everything takes many times as long"), &["tests/memcheck.sh"]),
    ("docs/troubleshooting.md", SHELL, &["eval \"$(pystart env)\"", "python manage.py migrate"]),
    ("deploy/compose.yaml", COMPOSE, &["docker compose --file deploy/compose.yaml --project-directory . up"]),
    ("deploy/kubernetes.yaml", CLUSTER, &["kubectl apply --filename kubernetes.yaml", "kubectl apply --kustomize ."]),
    ("deploy/kustomization.yaml", CLUSTER, &["kubectl apply --kustomize ."]),
    (
        "deploy/stack.yaml",
        SWARM,
        &["SITE_IMAGE=registry.example.com/site:1.0.0 docker stack deploy --compose-file deploy/stack.yaml site"],
    ),
];

/// The commands that a test runs, in the order in which the pages have them.
pub(crate) fn by(test: &str) -> Vec<&'static str> {
    let rows = COMMANDS.iter().filter(|(_, run, _)| matches!(run, By(name) if *name == test));
    let commands: Vec<_> = rows.flat_map(|(_, _, commands)| commands.iter().copied()).collect();
    assert!(!commands.is_empty(), "no page has a command for {test}");
    commands
}
