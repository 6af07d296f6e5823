//! What the main child finds, and the status it leaves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::Test;
use crate::stage::{Stage, namespace, pystart, python, words};

pub(crate) const TESTS: &[Test] = &[
    ("child::it_has_default_dispositions_and_an_empty_mask_whatever_we_were_started_with", clean_signals),
    ("child::it_has_our_standard_streams_and_no_descriptor_of_ours", no_descriptors),
    ("child::mask_of_files_limits_folder_and_words_are_as_given", context),
    ("child::a_variable_passes_byte_for_byte", environment),
    ("child::it_leads_a_process_group_so_that_a_script_can_signal_its_own", own_group),
    ("child::its_exit_status_is_ours", exit_status),
    ("child::a_signal_that_ends_it_is_128_and_its_number", signal_status),
    ("child::a_program_that_cannot_be_started_is_127_or_126", not_started),
];

fn clean_signals() {
    let start = "
import signal, os, sys
signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.signal(40, signal.SIG_IGN); signal.signal(13, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execv(sys.argv[1], sys.argv[1:])";
    // grep sets nothing; a shell would clean up first and hide it.
    let launcher = pystart(&["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]);
    let command = ["python3", "-ISc", start].into_iter().chain(launcher).collect::<Vec<_>>();
    let (status, lines, errors) = Stage::play(&namespace(&command), &[]).end();
    let expected = ["SigBlk", "SigIgn"].map(|name| format!("{name}:\t0000000000000000"));
    assert_eq!((status, lines), (0, expected.to_vec()), "{errors}");
}

fn no_descriptors() {
    let child = python("say(' '.join(os.listdir('/proc/self/fd')))");
    // What this test program was started with passes through us as well.
    let (_, without, _) = Stage::play(&namespace(&words(&child)), &[]).end();
    let (status, with, errors) = Stage::init(&words(&child)).end();
    assert!(without.concat().starts_with("0 1 2"), "{without:?}");
    assert_eq!((status, with), (0, without), "{errors}");
}

fn context() {
    let start = "
import os, resource, sys
os.umask(0o027); os.chdir('/usr'); resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))
os.execv(sys.argv[1], sys.argv[1:])";
    let child = python(
        "import resource\nsay(f'{os.umask(0):o} {os.getcwd()} {resource.getrlimit(resource.RLIMIT_NOFILE)} {sys.argv[1:]}')",
    );
    let awkward = ["a b", "", "é", "*", "$HOME", "'", "--", "-x"];
    let main: Vec<_> = words(&child).into_iter().chain(awkward).collect();
    let launcher = pystart(&main);
    let command = ["python3", "-ISc", start].into_iter().chain(launcher).collect::<Vec<_>>();
    let stage = Stage::play(&namespace(&command), &[]);
    stage.expect("27 /usr (77, 99) ['a b', '', 'é', '*', '$HOME', \"'\", '--', '-x']");
    stage.end_with(0);
}

fn environment() {
    let bytes = OsStr::from_bytes(b" \xff\n'$(id)=");
    let stage = Stage::init_with(&words(&python("say(os.environb[b'odd.name'].hex())")), &[("odd.name", bytes)]);
    stage.expect("20ff0a2724286964293d");
    stage.end_with(0);
}

fn own_group() {
    // `kill 0` is everybody in the group: were we in it, the INT would come to the script a second time.
    let stage = Stage::init(&["sh", "-c", "trap 'echo INT' INT; kill -INT 0; sleep 0.01; echo end"]);
    stage.expect("INT");
    stage.expect("end");
    stage.end_with(0);
}

fn exit_status() {
    for status in [0, 1, 42, 255] {
        Stage::init(&["sh", "-c", &format!("exit {status}")]).end_with(status);
    }
}

fn signal_status() {
    for number in [1, 6, 9, 15, 40, 64] {
        let child = python(&format!(
            "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nos.kill(os.getpid(), {number})\ntime.sleep(20)"
        ));
        Stage::init(&words(&child)).end_with(128 + number);
    }
}

fn not_started() {
    for (program, status) in [("/nonexistent/program", 127), ("/usr", 126), ("/etc/passwd", 126)] {
        let (actual, lines, errors) = Stage::init(&[program]).end();
        assert_eq!((actual, lines), (status, Vec::new()), "{program}: {errors}");
        assert!(!errors.is_empty(), "{program}: why is not said");
    }
}
