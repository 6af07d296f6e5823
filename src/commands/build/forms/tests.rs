use super::*;
use crate::commands::build::build_tool::{PDM, PIPENV, POETRY, POETRY_CORE};
use crate::commands::build::plan::Listing;
use crate::files::Memory;

const ROOT: &str = "/site";

const PACKAGE: &str = "[build-system]\nrequires = []\n[project]\ndependencies = ['flask']\n";
const FLAT: &str = "[project]\nrequires-python = '>=3.10'\ndependencies = ['flask>=3', 'shop']\n";
const TOOLS: &str = "[tool.ruff]\nline-length = 100\n";
const POETRY_PROJECT: &str = "[tool.poetry]\n[tool.poetry.dependencies]\npython = '^3.11'\nflask = '*'\n";

fn tree(files: &[(&str, &str)]) -> Memory {
    files.iter().fold(Memory::default().empty(ROOT), |tree, (name, text)| tree.file(format!("{ROOT}/{name}"), text))
}

fn found<'a>(files: &'a Memory, app: &str) -> Option<Found<'a>> {
    find(files, Path::new(ROOT), &upwards(Path::new(ROOT), &Path::new(ROOT).join(app)), None).unwrap()
}

fn install(files: &Memory) -> Install {
    found(files, "").unwrap().install().unwrap()
}

fn listed(tool: &'static crate::commands::build::build_tool::BuildTool, files: &[(&str, &str)]) -> Listing {
    match install(&tree(files)) {
        Install::Listed(listing) if *listing.tool == *tool => listing,
        other => panic!("{other:?}"),
    }
}

/// Every file of one row is there; deleting the row from the table must fail here.
#[test]
fn each_form_is_shown_by_its_files() {
    let rows: [(&str, &[(&str, &str)]); 15] = [
        ("uv.lock", &[("uv.lock", ""), ("pyproject.toml", FLAT)]),
        ("poetry.lock", &[("poetry.lock", ""), ("pyproject.toml", POETRY_PROJECT)]),
        ("pdm.lock", &[("pdm.lock", ""), ("pyproject.toml", FLAT)]),
        ("Pipfile.lock", &[("Pipfile.lock", "{}"), ("Pipfile", "")]),
        ("Pipfile", &[("Pipfile", "")]),
        ("requirements.txt", &[("requirements.txt", ""), ("requirements/prod.txt", "")]),
        ("requirements/prod.txt", &[("requirements/prod.txt", ""), ("requirements/production.txt", "")]),
        ("requirements/production.txt", &[("requirements/production.txt", ""), ("requirements/base.txt", "")]),
        ("requirements/base.txt", &[("requirements/base.txt", ""), ("requirements/dev.txt", "")]),
        ("pylock.toml", &[("pylock.toml", ""), ("pyproject.toml", FLAT)]),
        ("pyproject.toml", &[("pyproject.toml", POETRY_PROJECT)]),
        ("pyproject.toml", &[("pyproject.toml", FLAT)]),
        ("pyproject.toml", &[("pyproject.toml", PACKAGE)]),
        ("pyproject.toml", &[("pyproject.toml", "this is [no TOML")]),
        ("setup.py", &[("setup.py", ""), ("pyproject.toml", TOOLS)]),
    ];
    for (file, files) in rows {
        assert_eq!(found(&tree(files), "").expect(file).file, file);
    }
    for files in [&[("pyproject.toml", TOOLS)][..], &[("uv.lock", "")], &[("poetry.lock", "")], &[("app.py", "")]] {
        assert!(found(&tree(files), "").is_none(), "{files:?}");
    }
}

#[test]
fn a_lock_wins_over_a_list_and_a_list_over_a_wish() {
    let order =
        ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt", "pylock.toml", "pyproject.toml"];
    for (at, expected) in order.iter().enumerate() {
        let files = tree(&[("pyproject.toml", POETRY_PROJECT), ("setup.py", "")]);
        let files = order[at..6].iter().fold(files, |tree, name| tree.file(format!("{ROOT}/{name}"), ""));
        let files = files.file(format!("{ROOT}/Pipfile"), "");
        let found = found(&files, "").unwrap();
        assert_eq!(found.file, *expected);
        assert!(!found.ignored.is_empty(), "{expected}");
    }
    let files = tree(&[("uv.lock", ""), ("pyproject.toml", FLAT), ("requirements.txt", ""), ("setup.py", "")]);
    assert_eq!(found(&files, "").unwrap().ignored, ["requirements.txt"]);
}

#[test]
fn the_folder_of_the_app_comes_first_then_those_above_it() {
    let files = tree(&[("backend/requirements.txt", ""), ("backend/app/main.py", ""), ("uv.lock", "")])
        .file("/site/pyproject.toml", FLAT);
    let place = |app| {
        let found = found(&files, app).unwrap();
        (found.folder.path.display().to_string(), found.file)
    };
    assert_eq!(place("backend/app"), ("/site/backend".into(), "requirements.txt".into()));
    assert_eq!(place("backend"), ("/site/backend".into(), "requirements.txt".into()));
    assert_eq!(place(""), ("/site".into(), "uv.lock".into()));
    assert_eq!(place("other"), ("/site".into(), "uv.lock".into()));
    assert_eq!(upwards(Path::new("/site"), Path::new("/opt/defaultsite")), [Path::new("/site")]);
    assert_eq!(upwards(Path::new("/site"), Path::new("/site/a/b")), ["/site/a/b", "/site/a", "/site"].map(Path::new));
}

#[test]
fn a_member_of_a_workspace_of_uv_has_its_lock_in_the_root() {
    let workspace = "[tool.uv.workspace]\nmembers = ['packages/*']\n";
    let member = [("packages/api/pyproject.toml", FLAT), ("uv.lock", "")];
    let files = tree(&member).file("/site/pyproject.toml", workspace);
    let found_there = found(&files, "packages/api").unwrap();
    assert_eq!(
        (found_there.folder.path.as_path(), &*found_there.file),
        (Path::new("/site/packages/api"), "../../uv.lock")
    );
    let files = tree(&member).file("/site/pyproject.toml", FLAT);
    assert_eq!(found(&files, "packages/api").unwrap().file, "pyproject.toml", "no workspace");
}

#[test]
fn the_file_that_the_user_names_is_the_only_one_that_counts() {
    let files = tree(&[("uv.lock", ""), ("pyproject.toml", FLAT), ("deploy/needs.txt", "flask\n")]);
    let root = Path::new(ROOT);
    let named = |file| find(&files, root, &upwards(root, root), Some(file));
    let found = named("deploy/needs.txt").unwrap().unwrap();
    assert_eq!(found.install(), Ok(Install::Words(vec!["-r".into(), "deploy/needs.txt".into()])));
    let failure = named("needs.txt").err().unwrap();
    assert_eq!(failure.message, "`needs.txt`, named by `CUSTOM_REQUIREMENTSTXT_PATH`, is not there");
    assert_eq!(chosen(&[(requirements::VARIABLE, "x.txt")].into_iter().collect()), Ok(Some("x.txt")));
    assert_eq!(chosen(&[(requirements::VARIABLE, "")].into_iter().collect()), Ok(None));
}

#[test]
fn each_form_is_installed_its_way() {
    let writable = |files: &[(&str, &str)]| tree(files).writable(ROOT);
    let package = Install::Words(vec!["-e".into(), ".".into()]);
    let dependencies = Install::Dependencies(vec!["flask>=3".into(), "shop".into()]);
    let lock = ("uv.lock", "");
    let said = |value| format!("[tool.uv]\npackage = {value}\n");
    let (yes, no) = (said("true"), PACKAGE.to_owned() + &said("false"));
    let sync = |with_project| Install::UvProject { with_project };
    let dynamic = "[project]\ndynamic = ['dependencies']\n";
    let rows: [(&str, Memory, Install); 14] = [
        ("a project of uv", writable(&[lock, ("pyproject.toml", FLAT)]), sync(false)),
        ("a package of uv", writable(&[lock, ("pyproject.toml", PACKAGE)]), sync(true)),
        ("one that says so", writable(&[lock, ("pyproject.toml", &yes)]), sync(true)),
        ("one that says otherwise", writable(&[lock, ("pyproject.toml", &no)]), sync(false)),
        ("a package that cannot be built in place", tree(&[lock, ("pyproject.toml", PACKAGE)]), sync(false)),
        (
            "a requirements file",
            tree(&[("requirements.txt", "")]),
            Install::Words(vec!["-r".into(), "requirements.txt".into()]),
        ),
        ("a lock of no tool", tree(&[("pylock.toml", "")]), Install::UvFile("pylock.toml")),
        ("a project", tree(&[("pyproject.toml", FLAT)]), dependencies.clone()),
        ("a project in a folder that can be written", writable(&[("pyproject.toml", FLAT)]), dependencies),
        ("a package", writable(&[("pyproject.toml", PACKAGE)]), package.clone()),
        (
            "one that cannot be built in place",
            tree(&[("pyproject.toml", PACKAGE)]),
            Install::Dependencies(vec!["flask".into()]),
        ),
        ("one whose build knows the rest", writable(&[("pyproject.toml", dynamic)]), package.clone()),
        (
            "setup.py with a pyproject.toml for it",
            writable(&[("pyproject.toml", "[build-system]\n"), ("setup.py", "")]),
            package.clone(),
        ),
        ("setup.py", writable(&[("setup.py", "")]), package),
    ];
    for (row, files, expected) in rows {
        assert_eq!(install(&files), expected, "{row}");
    }
    let failure = found(&tree(&[("pyproject.toml", dynamic)]), "").unwrap().install().unwrap_err();
    assert_eq!(failure.message, "`pyproject.toml` is a package, and its folder cannot be written");
}

#[test]
fn the_tools_of_others_list_what_they_have_locked() {
    let pyproject = ("pyproject.toml", POETRY_PROJECT);
    let poetry = listed(&POETRY, &[("poetry.lock", ""), pyproject]);
    assert_eq!(poetry.commands[0][1..5], ["poetry", "export", "--only", "main"]);
    assert!(poetry.is_complete);
    let unlocked = listed(&POETRY_CORE, &[pyproject]);
    assert!(!unlocked.is_complete, "its dependencies have dependencies");
    let pdm = listed(&PDM, &[("pdm.lock", ""), ("pyproject.toml", FLAT)]);
    assert_eq!((pdm.commands[0][1..4].to_vec(), pdm.is_complete), (vec!["pdm", "export", "--prod"], true));
    let pipenv = listed(&PIPENV, &[("Pipfile.lock", "{}"), ("Pipfile", "")]);
    assert_eq!(pipenv.commands, [&["-m", "pipenv", "requirements", "--hash"][..]]);
    let unlocked = listed(&PIPENV, &[("Pipfile", "")]);
    assert_eq!((unlocked.copied, unlocked.commands.len()), (&["Pipfile"][..], 2), "locked in a copy, then listed");
}

#[test]
fn the_wrong_python_is_told_with_both_versions() {
    let told = |files: &[(&str, &str)], version| {
        let files = tree(files);
        let told = found(&files, "").unwrap().require_python(version).err();
        told.map(|failure| failure.message)
    };
    let flat = ("pyproject.toml", FLAT);
    let poetry = ("pyproject.toml", POETRY_PROJECT);
    let pipfile = ("Pipfile", "[requires]\npython_version = '3.11'\n");
    let full = ("Pipfile", "[requires]\npython_full_version = '3.11.2'\n");
    let rows: [(&[(&str, &str)], &str); 9] = [
        (&[("uv.lock", ""), flat], ">=3.10 (`requires-python` in pyproject.toml)"),
        (&[flat], ">=3.10 (`requires-python` in pyproject.toml)"),
        (&[("pdm.lock", ""), flat], ">=3.10 (`requires-python` in pyproject.toml)"),
        (&[("poetry.lock", ""), poetry], "^3.11 (`python` in pyproject.toml)"),
        (&[poetry], "^3.11 (`python` in pyproject.toml)"),
        (&[("Pipfile.lock", "{}"), pipfile], "3.11 (`python_version` in Pipfile)"),
        (&[pipfile], "3.11 (`python_version` in Pipfile)"),
        (&[full], "3.11.2 (`python_version` in Pipfile)"),
        (&[("pylock.toml", "requires-python = '>=3.10'\n")], ">=3.10 (`requires-python` in pylock.toml)"),
    ];
    for (files, wanted) in rows {
        let expected = format!("the project is for Python {wanted}, and this is Python 3.9.18");
        assert_eq!(told(files, "3.9.18"), Some(expected), "{files:?}");
        assert_eq!(told(files, "3.11.2"), None, "{files:?}");
    }
    assert_eq!(told(&[("requirements.txt", ""), flat], "3.9.18"), None, "a warning: pip asks no version of a list");
}

#[test]
fn a_project_that_cannot_be_read_is_not_taken_for_none() {
    let broken = tree(&[("pyproject.toml", "[project]\nname = 'x'\nname = 'y'\n")]);
    let failure = found(&broken, "").unwrap().install().unwrap_err();
    let expected = "`/site/pyproject.toml` is not valid TOML: line 3: duplicate key";
    assert_eq!(
        (failure.message.as_str(), failure.hint.as_deref()),
        (expected, Some("correct line 3 of `pyproject.toml`"))
    );
    let locked = tree(&[("pyproject.toml", FLAT)]).unreadable("/site/pyproject.toml");
    let failure = found(&locked, "").unwrap().install().unwrap_err();
    assert!(failure.message.starts_with("cannot read `/site/pyproject.toml`: "), "{failure}");
}
