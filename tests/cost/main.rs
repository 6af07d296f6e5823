//! What a start costs, counted and never timed: instructions, system calls, bytes, memory, the size of the program.
//!
//! The bounds are a few per cent above what was counted when they were set. Whoever makes a start dearer has to say so
//! here; whoever makes it cheaper should lower them.
//!
//! It is the release binary for musl that counts, as in the image. Where that target or `ptrace(2)` is not to be had,
//! the tests are reported as ignored; with `CI=true` that is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test may panic, and tells why")]

#[path = "../../benches/launch/counter.rs"]
mod counter;
#[path = "../../benches/launch/release.rs"]
mod release;
#[path = "../../benches/launch/trees.rs"]
#[allow(dead_code, reason = "the benchmark has more trees")]
mod trees;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use counter::Calls;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::libc;
use trees::Stage;

/// What one start costs.
struct Cost {
    instructions: u64,
    calls: Calls,
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| Stage::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cost")).unwrap())
}

/// `pystart run --app-root ROOT` in a small environment, as in a container.
fn start(root: &Path) -> Command {
    static STUB: OnceLock<PathBuf> = OnceLock::new();
    let stub = STUB.get_or_init(|| stage().stub().unwrap());
    // Not 8000: somebody may be using that.
    let port = TcpListener::bind(("0.0.0.0", 0)).unwrap().local_addr().unwrap().port();
    let mut command = Command::new(release::binary());
    command.args(["run", "--app-root"]).arg(root).current_dir(root);
    command.env_clear().env("PATH", stub).env("HOME", "/root").env("LANG", "C.UTF-8").env("PORT", port.to_string());
    command
}

fn cost(root: &Path) -> Cost {
    let mut calls = counter::system_calls(&mut start(root)).unwrap();
    // musl looks for the end of its stack page by page, from a place that differs from start to start.
    calls.by_number.remove(&libc::SYS_mremap.cast_unsigned());
    // Whoever did not get as far as gunicorn has cost less than a start.
    assert_eq!(calls.of(&[libc::SYS_execve]), 1, "gunicorn was not started");
    Cost { instructions: counter::instructions(&mut start(root)).unwrap(), calls }
}

#[track_caller]
fn at_most(what: &str, counted: u64, bound: u64) {
    assert!(counted <= bound, "{what}: {counted}, which is more than {bound}");
    assert!(counted * 4 >= bound * 3, "{what}: {counted}, so far below {bound} that the bound says nothing: lower it");
}

fn a_small_flask_app() {
    let cost = cost(&stage().tree("flask", trees::flask).unwrap());
    at_most("instructions", cost.instructions, 196_000);
    at_most("system calls", cost.calls.total(), 130);
    at_most("bytes read", cost.calls.bytes_read, 4_400);
}

fn a_django_project_with_its_environment() {
    let fill = |root: &Path| {
        trees::django(root)?;
        trees::environment(&root.join("antenv"), 500)
    };
    let cost = cost(&stage().tree("django", fill).unwrap());
    at_most("instructions", cost.instructions, 222_000);
    at_most("system calls", cost.calls.total(), 150);
    at_most("bytes read", cost.calls.bytes_read, 4_600);
}

fn a_monorepo_with_its_project_one_level_down() {
    let cost = cost(&stage().tree("monorepo", |root| trees::monorepo(root, 2_000)).unwrap());
    at_most("instructions", cost.instructions, 242_000);
    at_most("system calls", cost.calls.total(), 162);
    at_most("bytes read", cost.calls.bytes_read, 4_600);
}

fn what_lies_below_pruned_folders_costs_nothing() {
    let fill = |count| {
        move |root: &Path| {
            trees::flask(root)?;
            trees::environment(&root.join("antenv"), count)?;
            ["node_modules", ".git", "__pycache__", "site-packages"]
                .iter()
                .try_for_each(|folder| trees::many(&root.join(folder), count, "py"))
        }
    };
    let few = cost(&stage().tree("pruned-1", fill(1)).unwrap());
    let many = cost(&stage().tree("pruned-2", fill(2_000)).unwrap());
    assert_eq!(few.calls.by_number, many.calls.by_number);
    assert_eq!(few.calls.bytes_read, many.calls.bytes_read);
    assert!(many.instructions.abs_diff(few.instructions) < 500, "{} and {}", few.instructions, many.instructions);
}

fn the_size_of_files_costs_nothing() {
    let fill = |size: u64| {
        move |root: &Path| {
            trees::flask(root)?;
            ["upload.bin", "models.py", "app.log"]
                .iter()
                .try_for_each(|name| fs::File::create(root.join(name))?.set_len(size))
        }
    };
    let small = cost(&stage().tree("sizes-1", fill(1)).unwrap());
    let large = cost(&stage().tree("sizes-2", fill(1 << 32)).unwrap());
    assert_eq!(small.calls.by_number, large.calls.by_number);
    assert_eq!(small.calls.bytes_read, large.calls.bytes_read);
}

fn files_in_the_root_are_listed_and_not_looked_at() {
    let few = cost(&stage().tree("wide-1", |root| trees::wide(root, 1)).unwrap());
    let many = cost(&stage().tree("wide-2000", |root| trees::wide(root, 2_000)).unwrap());
    let more = many.calls.total() - few.calls.total();
    // 32 KiB hold more than 800 of these names.
    assert!((1..=3).contains(&more), "{more} more system calls for 2000 files");
    let each = (many.instructions - few.instructions) / 2_000;
    assert!(each < 200, "{each} instructions for each file");
}

fn each_folder_of_the_root_costs_one_look() {
    let some = cost(&stage().tree("folders-300", |root| trees::folders(root, 300)).unwrap());
    let many = cost(&stage().tree("folders-1300", |root| trees::folders(root, 1_300)).unwrap());
    let looks = |cost: &Cost| cost.calls.of(&[libc::SYS_faccessat, libc::SYS_faccessat2]);
    assert_eq!(looks(&many) - looks(&some), 1_000);
    let others = (many.calls.total() - looks(&many)) - (some.calls.total() - looks(&some));
    assert!(others <= 12, "{others} more calls of other kinds");
    let each = (many.instructions - some.instructions) / 1_000;
    assert!(each < 700, "{each} instructions for each folder");
}

fn explaining_a_small_flask_app() {
    let root = stage().tree("flask", trees::flask).unwrap();
    let explain = || {
        let mut command = start(&root);
        let mut explain = Command::new(command.get_program());
        explain.arg("explain").args(command.get_args().skip(1)).current_dir(&root).env_clear();
        explain.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command = explain;
        command
    };
    let instructions = counter::instructions(&mut explain()).unwrap();
    at_most("instructions", instructions, 340_000);
}

fn memory_and_size_stay_small() {
    let calls = counter::system_calls(&mut start(&stage().tree("flask", trees::flask).unwrap())).unwrap();
    // It depends on the pages in which the kernel keeps the file.
    assert!(calls.peak_memory <= 2_800, "{} KiB of memory", calls.peak_memory);
    let size = fs::metadata(release::binary()).unwrap().len();
    assert!(size <= 4_000_000, "a program of {size} bytes");
}

/// The linker found the functions of `packaging/startup.ld` under their names: an old list finds few.
fn what_a_start_runs_lies_side_by_side() {
    let headers =
        Command::new("readelf").args(["--section-headers", "--wide"]).arg(release::binary()).output().unwrap();
    let headers = String::from_utf8(headers.stdout).unwrap();
    let section = headers.lines().find(|line| line.contains(" .text.startup_order ")).expect(&headers);
    let size = section.split_whitespace().skip_while(|word| *word != "PROGBITS").nth(3).unwrap();
    let size = u64::from_str_radix(size, 16).unwrap();
    assert!((400_000..800_000).contains(&size), "{size} bytes: `packaging/startup_order.py` makes the list anew");
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests: [(&str, fn()); 10] = [
        ("a_small_flask_app", a_small_flask_app),
        ("a_django_project_with_its_environment", a_django_project_with_its_environment),
        ("a_monorepo_with_its_project_one_level_down", a_monorepo_with_its_project_one_level_down),
        ("what_lies_below_pruned_folders_costs_nothing", what_lies_below_pruned_folders_costs_nothing),
        ("the_size_of_files_costs_nothing", the_size_of_files_costs_nothing),
        ("files_in_the_root_are_listed_and_not_looked_at", files_in_the_root_are_listed_and_not_looked_at),
        ("each_folder_of_the_root_costs_one_look", each_folder_of_the_root_costs_one_look),
        ("explaining_a_small_flask_app", explaining_a_small_flask_app),
        ("memory_and_size_stay_small", memory_and_size_stay_small),
        ("what_a_start_runs_lies_side_by_side", what_a_start_runs_lies_side_by_side),
    ];
    let missing = missing();
    let mut trials = Vec::new();
    for (name, body) in tests {
        let run = move || {
            body();
            Ok(())
        };
        trials.push(Trial::test(name, run).with_ignored_flag(missing.is_some()));
    }
    if let Some(missing) = missing {
        eprintln!("the cost of a start is not counted: {missing}");
        if std::env::var_os("CI").is_some_and(|value| value == "true") {
            trials.push(Trial::test("the_cost_of_a_start_can_be_counted", move || Err(Failed::from(missing))));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What keeps the costs from being counted here, if anything.
fn missing() -> Option<&'static str> {
    if cfg!(not(target_arch = "x86_64")) {
        return Some("the bounds are for x86-64");
    }
    if !release::has_target() {
        return Some("the target is not installed: `rustup target add x86_64-unknown-linux-musl`");
    }
    let can_follow = counter::system_calls(&mut Command::new("true")).is_ok_and(|calls| calls.total() > 0);
    (!can_follow).then_some("`ptrace` is not permitted")
}
