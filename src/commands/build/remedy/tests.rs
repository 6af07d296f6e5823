use super::*;

const TARGET: &str = "build with the image's target `build`";

/// Lines as tools print them, with what is told about them. Every sign of the table has one.
#[expect(clippy::too_many_lines, reason = "a table")]
fn samples() -> Vec<(&'static str, &'static str, String)> {
    let compiler = || format!("ask for a release of it that has a wheel for Python 3.13, or {TARGET}");
    let rust =
        || "ask for a release of it that has a wheel for Python 3.13, or install `cargo` for the build".to_owned();
    let network = || "check what was used: `PIP_INDEX_URL`, `HTTPS_PROXY`".to_owned();
    let noexec = "mount that folder without `noexec`; temporary files go to `TMPDIR`, caches to `PYSTART_CACHE_DIR`";
    let disk = "make room, or put caches and temporary files elsewhere with `PYSTART_CACHE_DIR` and `TMPDIR`";
    let postgres = || format!("ask for `psycopg2-binary` instead, or {TARGET}");
    let mysql = || format!("ask for `PyMySQL` instead, or {TARGET}");
    let (no_postgres, no_mysql) = (
        "`psycopg2` is compiled here and needs `pg_config`, which is not installed",
        "`mysqlclient` is compiled here and needs `mysql_config`, which is not installed",
    );
    let (no_rust, no_compiler) = (
        "a package is compiled here and needs Rust, which is not installed",
        "a package is compiled here, and there is no compiler",
    );
    let (no_git, get_git) = (
        "a package comes from a Git repository, which could not be read",
        "install `git` for the build and give it access, or ask for a release of the package",
    );
    let (untrusted, trust) = (
        "the package index has a certificate that is not trusted here",
        "name the certificates of your proxy or index in `SSL_CERT_FILE` and `PIP_CERT`",
    );
    let (stale, lock) = (
        "the lock file is older than what it locks",
        "lock again (`poetry lock`, `uv lock`, `pdm lock`) and commit the lock file",
    );
    let (other_python, another) = (
        "a package is not for this Python",
        "ask for a release of it that is for Python 3.13, or take the image of another Python",
    );
    let (too_old, newer) =
        ("a package is too old for this Python", "ask for a newer release of it, one that is for Python 3.13");
    let (no_backend, constrain) = (
        "a package does not say what it is built with",
        "ask for a newer release of it, or set `PIP_CONSTRAINT` to a file with `setuptools<81`",
    );
    let (no_line, write) =
        ("a line is no requirement", "write one package a line: `name`, `name==1.2`, `name[extra]>=1`");
    let (conflict, loosen) =
        ("two packages want different releases of a third", "loosen one of the versions that the tool names");
    let (unknown, check) = (
        "the index has no such package or release",
        "check the name and the version; a package of your own needs its index in `PIP_INDEX_URL`",
    );
    let (refused, unreachable) = ("the package index refuses access", "the package index cannot be reached");
    let (wrong_hash, again) = (
        "a package is not the one that the hashes are of",
        "lock again; if nothing has changed, find out who serves another file",
    );
    let (no_file, deploy) =
        ("a requirements file that another one names is not there", "deploy it, or correct the line with `-r` or `-c`");
    vec![
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "the disk is full",
            disk.into(),
        ),
        ("error: failed to write: Disk quota exceeded (os error 122)", "the disk is full", disk.into()),
        (
            "error: failed to create directory `/x`: Read-only file system (os error 30)",
            "a folder is read-only",
            "mount the app root writable for the build, and a writable `/tmp`; caches go to `PYSTART_CACHE_DIR`".into(),
        ),
        (
            "ImportError: /x/_c.so: failed to map segment from shared object",
            "programs and libraries cannot be loaded from where they were put",
            noexec.into(),
        ),
        (
            "OSError: [Errno 8] Exec format error: '/x/cc'",
            "programs and libraries cannot be loaded from where they were put",
            noexec.into(),
        ),
        ("      Error: pg_config executable not found.", no_postgres, postgres()),
        ("      sh: 1: pg_config: not found", no_postgres, postgres()),
        ("      Please add the directory containing pg_config to the $PATH", no_postgres, postgres()),
        ("      /bin/sh: 1: mysql_config: not found", no_mysql, mysql()),
        ("      OSError: mysql_config not found", no_mysql, mysql()),
        ("      Exception: Can not find valid pkg-config name.", no_mysql, mysql()),
        ("      Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually", no_mysql, mysql()),
        (
            "src/x.c:2:10: fatal error: Python.h: No such file or directory",
            "a package is compiled here and needs the headers of Python, which are not installed",
            format!("install `python3-dev`, or {TARGET}"),
        ),
        (
            "      x.c:11:10: Python.h: No such file or directory",
            "a package is compiled here and needs the headers of Python, which are not installed",
            format!("install `python3-dev`, or {TARGET}"),
        ),
        (
            "      Modules/common.h:15:10: fatal error: lber.h: No such file or directory\n      compilation terminated.",
            "a package is compiled here and needs a header that is not installed",
            format!("install the Debian package that has `lber.h`, or {TARGET}"),
        ),
        ("      error: can't find Rust compiler", no_rust, rust()),
        ("      Cargo, the Rust package manager, is not installed or is not on PATH.", no_rust, rust()),
        ("      rustc, the rust compiler, is not installed or not in PATH", no_rust, rust()),
        ("      error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", no_compiler, compiler()),
        ("      error: command 'g++' failed: No such file or directory", no_compiler, compiler()),
        ("      error: command 'cc' failed: No such file or directory", no_compiler, compiler()),
        ("      sh: 1: gcc: not found", no_compiler, compiler()),
        ("      unable to execute 'gcc': No such file", no_compiler, compiler()),
        ("      unable to execute 'x86_64-linux-gnu-gcc': No such file", no_compiler, compiler()),
        ("      error: [Errno 2] No such file or directory: 'gcc'", no_compiler, compiler()),
        ("      error: [Errno 2] No such file or directory: 'cc'", no_compiler, compiler()),
        ("      error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'", no_compiler, compiler()),
        ("      error: [Errno 2] No such file or directory: 'aarch64-linux-gnu-gcc'", no_compiler, compiler()),
        ("      ERROR: Unknown compiler(s): [['cc'], ['gcc']]", no_compiler, compiler()),
        ("      Exception: you need a C compiler to build uWSGI", no_compiler, compiler()),
        ("        No CMAKE_C_COMPILER could be found.", no_compiler, compiler()),
        ("        No CMAKE_CXX_COMPILER could be found.", no_compiler, compiler()),
        ("ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?", no_git, get_git.into()),
        ("error: Git executable not found. Ensure that Git is installed and available.", no_git, get_git.into()),
        ("  ├─▶ Git operation failed", no_git, get_git.into()),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer",
            untrusted,
            trust.into(),
        ),
        ("  ╰─▶ invalid peer certificate: UnknownIssuer", untrusted, trust.into()),
        ("ssl.SSLError: self-signed certificate in certificate chain", untrusted, trust.into()),
        ("error: HTTP status client error (401 Unauthorized) for url (https://x/)", refused, network()),
        ("error: HTTP status client error (403 Forbidden) for url (https://x/)", refused, network()),
        ("ERROR: HTTP error 401 Client Error: Unauthorized for url", refused, network()),
        ("ERROR: HTTP error 403 Client Error: Forbidden for url", refused, network()),
        ("error: Missing credentials for https://x/", refused, network()),
        ("User for 127.0.0.1:1234: ", refused, network()),
        ("[Errno -3] Temporary failure in name resolution", unreachable, network()),
        ("[Errno -2] Name or service not known", unreachable, network()),
        ("[Errno 8] nodename nor servname provided, or not known", unreachable, network()),
        ("  ╰─▶ failed to lookup address information: Try again", unreachable, network()),
        ("  ├─▶ dns error", unreachable, network()),
        ("NewConnectionError('<x>: Failed to establish a new connection: [Errno 111]", unreachable, network()),
        ("  ╰─▶ Connection refused (os error 111)", unreachable, network()),
        ("[Errno 101] Network is unreachable", unreachable, network()),
        ("[Errno 113] No route to host", unreachable, network()),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel", unreachable, network()),
        ("  ├─▶ tcp connect error", unreachable, network()),
        ("  ╰─▶ operation timed out", unreachable, network()),
        ("ReadTimeoutError(\"HTTPSConnectionPool(host='x', port=443): Read timed out.", unreachable, network()),
        ("hint: Packages were unavailable because the network was disabled.", unreachable, network()),
        ("  ╰─▶ Network connectivity is disabled, but the requested data wasn't found", unreachable, network()),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", wrong_hash, again.into()),
        ("  ╰─▶ Hash mismatch for `itsdangerous==2.2.0`", wrong_hash, again.into()),
        ("pyproject.toml changed significantly since poetry.lock was last generated.", stale, lock.into()),
        ("error: The lockfile at `uv.lock` needs to be updated, run `uv lock`.", stale, lock.into()),
        ("[PdmUsageError]: pdm.lock is not up to date with pyproject.toml", stale, lock.into()),
        ("WARNING: Lock file hash doesn't match pyproject.toml", stale, lock.into()),
        ("ERROR: Package 'x' requires a different Python: 3.13.0 not in '<3.10'", other_python, another.into()),
        ("ERROR: Ignored the following versions: 6.0 Requires-Python >=3.12", other_python, another.into()),
        ("Because the current Python version (3.11.7) does not satisfy Python>=3.12", other_python, another.into()),
        ("and x==1 has no wheels with a matching Python ABI tag (e.g., `cp311`)", other_python, another.into()),
        (
            "error: The Python in `.venv` is not compatible with the locked Python requirement",
            other_python,
            another.into(),
        ),
        (
            "error: The requested interpreter is incompatible with the project's Python requirement",
            other_python,
            another.into(),
        ),
        ("      ModuleNotFoundError: No module named 'distutils'", too_old, newer.into()),
        ("      error in x setup command: use_2to3 is invalid.", too_old, newer.into()),
        ("      AttributeError: module 'pkgutil' has no attribute 'ImpImporter'", too_old, newer.into()),
        ("      ModuleNotFoundError: No module named 'imp'", too_old, newer.into()),
        ("      ModuleNotFoundError: No module named 'pkg_resources'", no_backend, constrain.into()),
        ("      ModuleNotFoundError: No module named 'setuptools'", no_backend, constrain.into()),
        ("ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'x'", no_file, deploy.into()),
        ("error: File not found: `x.txt`", no_file, deploy.into()),
        ("ERROR: Invalid requirement: 'flask = 3'", no_line, write.into()),
        ("error: Couldn't parse requirement in `requirements.txt` at position 0", no_line, write.into()),
        ("  Caused by: Expected package name starting with an alphanumeric character", no_line, write.into()),
        ("ERROR: ResolutionImpossible: for help visit https://pip.pypa.io", conflict, loosen.into()),
        (
            "ERROR: Cannot install a and b because these package versions have conflicting dependencies.",
            conflict,
            loosen.into(),
        ),
        ("we can conclude that a==1 and b==2 are incompatible.", conflict, loosen.into()),
        ("we can conclude that your requirements are unsatisfiable.", conflict, loosen.into()),
        ("ERROR: No matching distribution found for no-such-package", unknown, check.into()),
        ("Because no-such-package was not found in the package registry", unknown, check.into()),
        ("Because there is no version of flask==99 and", unknown, check.into()),
        ("Because x==1 has no usable wheels", unknown, check.into()),
        (
            "The virtual environment was not created successfully because ensurepip is not\navailable.",
            "this Python can make no environment",
            "install `python3-venv` and `python3-pip`, or `uv`".into(),
        ),
        (
            "PermissionError: [Errno 13] Permission denied: '/x'",
            "this user may not write where the build writes, or not run what is there",
            "build as the owner of the app root; caches go to `PYSTART_CACHE_DIR`, temporary files to `TMPDIR`".into(),
        ),
    ]
}

fn environ() -> Environ {
    [("PIP_INDEX_URL", "https://me:secret@x"), ("HTTPS_PROXY", "http://p")].into_iter().collect()
}

#[test]
fn each_failure_has_its_cause_and_one_remedy() {
    for (output, cause, hint) in samples() {
        let remedy = find(output).unwrap_or_else(|| panic!("{output}"));
        assert_eq!((remedy.cause(), remedy.hint(output, "3.13", &environ(), None)), (cause, hint), "{output}");
    }
}

#[test]
fn each_sign_is_needed() {
    let samples = samples();
    for remedy in &REMEDIES {
        for sign in remedy.signs {
            let only = samples.iter().any(|(output, cause, _)| {
                *cause == remedy.cause
                    && output.contains(sign)
                    && remedy.signs.iter().all(|other| other == sign || !output.contains(other))
            });
            assert!(only, "no sample that `{sign}` alone explains");
        }
    }
}

#[test]
fn what_is_unknown_has_no_remedy_and_its_last_words_are_the_error() {
    assert!(find("ERROR: something new\n").is_none());
    let output = "Collecting x\nERROR: Failed to build x\n\n[notice] A new release of pip\n";
    assert_eq!(last_words(output), Some("ERROR: Failed to build x"));
    assert_eq!(last_words("a\n  b  \n\n"), Some("b"));
    assert_eq!(last_words("\n"), None);
}

#[test]
fn without_any_setting_it_was_the_public_index() {
    let remedy = find("dns error").unwrap();
    let hint = remedy.hint("dns error", "3.13", &Environ::default(), None);
    assert!(hint.starts_with("no index and no proxy is set, so it was `pypi.org` itself"), "{hint}");
}

#[test]
fn a_folder_that_is_mounted_noexec_is_named_where_that_may_be_why() {
    let told = |output| find(output).unwrap().hint(output, "3.13", &environ(), Some((Path::new("/x"), "TMPDIR")));
    let hint = "what packages are built with runs in `/x`, which is mounted `noexec`: mount it without (Docker: \
                `--tmpfs /x:exec`), or name another folder in `TMPDIR`";
    assert_eq!(told("PermissionError: [Errno 13] Permission denied: 'ninja'"), hint);
    assert_eq!(told("ImportError: /x/_c.so: failed to map segment from shared object"), hint);
    assert!(!told("No space left on device").contains("noexec"));
}

#[test]
fn only_what_another_tool_may_do_better_is_tried_again() {
    let is_final = |output| find(output).unwrap().is_same_for_all;
    assert!(is_final("dns error") && is_final("No space left on device") && is_final("gcc: not found"));
    assert!(
        !is_final("ResolutionImpossible") && !is_final("Invalid requirement") && !is_final("there is no version of")
    );
}

#[test]
fn a_release_that_nobody_has_is_not_blamed_on_python() {
    let told = |requirement: &str| {
        let output = format!(
            "ERROR: Ignored the following versions that require a different python version: 2.0 Requires-Python >=3.99; \
             2.1.3 Requires-Python >=3.99\nERROR: Could not find a version that satisfies the requirement {requirement} \
             (from versions: 1.0, 1.1)\nERROR: No matching distribution found for {requirement}\n"
        );
        find(&output).unwrap().cause()
    };
    for requirement in ["shop==2.0", "shop>=2", "shop~=2.1", "shop[extra]==2.1.3", "shop==2.*", "shop"] {
        assert_eq!(told(requirement), "a package is not for this Python", "{requirement}");
    }
    for requirement in ["shop==99", "shop>=3", "shop==1.5", "shop<2,>1.1"] {
        assert_eq!(told(requirement), "the index has no such package or release", "{requirement}");
    }
}
