use super::*;
use crate::commands::build::build_tool::POETRY;
use crate::commands::build::installer::Pip;

const POETRY_LIST: Listing =
    Listing { tool: &POETRY, copied: &[], commands: &[&["-m", "poetry", "export"]], is_complete: true };

fn shown(install: Option<&Install>, installer: &dyn Installer, is_hashed: bool) -> (Option<&'static str>, Vec<String>) {
    let setting = Setting {
        installer,
        project: Path::new("/r"),
        environment: Path::new("/r/B"),
        work: Path::new("/r/B/w"),
        tool: &|tool| Path::new("/tools").join(tool.name),
        is_hashed,
    };
    let plan = Plan::new(install, &setting);
    let actions = plan.actions.iter().map(|action| match action {
        Action::Run(step) => format!("{} in {}", step.command(), step.folder.display()),
        Action::Write { path, text } => format!("write {} {text:?}", path.display()),
        Action::Copy { from, to } => format!("copy {} {}", from.display(), to.display()),
        Action::InstallList { list, is_complete } => format!("install {} {is_complete}", list.display()),
    });
    (plan.tool.map(|tool| tool.name), actions.collect())
}

fn uv() -> Uv {
    Uv::new("/bin/uv".into())
}

fn pip() -> Pip {
    Pip { runner: Some("/lib/pip/__pip-runner__.py".into()) }
}

#[test]
fn requirements_and_the_server_are_installed_in_one_go_unless_hashes_forbid_it() {
    let words = Install::Words(vec!["-r".into(), "requirements.txt".into()]);
    let by_pip = "python -m pip install --no-compile -r requirements.txt";
    let by_uv = "uv pip install --python /r/B/bin/python -r requirements.txt";
    assert_eq!(shown(Some(&words), &pip(), false), (None, vec![format!("{by_pip} gunicorn in /r")]));
    assert_eq!(shown(Some(&words), &pip(), true), (None, vec![format!("{by_pip} in /r")]));
    assert_eq!(shown(Some(&words), &uv(), false), (None, vec![format!("{by_uv} gunicorn in /r")]));
    assert_eq!(shown(Some(&words), &Pip { runner: None }, false), (None, vec![format!("{by_pip} gunicorn in /r")]));
    let nothing = vec!["uv pip install --python /r/B/bin/python gunicorn in /r".to_owned()];
    assert_eq!(shown(None, &uv(), false), (None, nothing));
}

#[test]
fn the_dependencies_of_a_project_are_read_by_uv_and_listed_for_pip() {
    let install = Install::Dependencies(vec!["flask>=3".into(), "shop".into()]);
    let (_, by_pip) = shown(Some(&install), &pip(), false);
    let listed = "write /r/B/w/dependencies.txt \"flask>=3\\nshop\\n\"";
    let command = "python -m pip install --no-compile -r /r/B/w/dependencies.txt gunicorn in /r";
    assert_eq!(by_pip, [listed, command]);
    let (_, by_uv) = shown(Some(&install), &uv(), false);
    assert_eq!(by_uv[1], "uv pip install --python /r/B/bin/python -r pyproject.toml gunicorn in /r");
}

#[test]
fn what_only_uv_can_read_is_installed_by_uv_wherever_it_comes_from() {
    let sync = |with_project| Install::UvProject { with_project };
    let command = "uv sync --frozen --no-dev --inexact --python /r/B/bin/python";
    assert_eq!(shown(Some(&sync(true)), &uv(), false), (None, vec![format!("{command} in /r")]));
    let alone = format!("{command} --no-install-project in /r");
    assert_eq!(shown(Some(&sync(false)), &uv(), false), (None, vec![alone.clone()]));
    assert_eq!(shown(Some(&sync(false)), &pip(), false), (Some("uv"), vec![alone]));
    let lock = Install::UvFile("pylock.toml");
    let command = "uv pip install --python /r/B/bin/python -r pylock.toml in /r";
    assert_eq!(shown(Some(&lock), &uv(), true), (None, vec![command.into()]));
    assert_eq!(shown(Some(&lock), &pip(), true), (Some("uv"), vec![command.into()]));
    assert!(!sync(true).is_for_pip() && !lock.is_for_pip() && Install::package().is_for_pip());
}

#[test]
fn a_tool_lists_and_the_installer_installs() {
    let expected = vec!["python -m poetry export in /r".to_owned(), "install /r/B/w/list.txt true".to_owned()];
    assert_eq!(shown(Some(&Install::Listed(POETRY_LIST)), &pip(), false), (Some("poetry"), expected));
    let copied = Listing { copied: &["Pipfile"], commands: &[&["lock"], &["list"]], is_complete: false, ..POETRY_LIST };
    let (_, actions) = shown(Some(&Install::Listed(copied)), &pip(), false);
    let expected = [
        "copy /r/Pipfile /r/B/w/copy/Pipfile",
        "python lock in /r/B/w/copy",
        "python list in /r/B/w/copy",
        "install /r/B/w/list.txt false",
    ];
    assert_eq!(actions, expected);
}

#[test]
fn a_tool_works_on_the_environment_in_the_making_and_prints_into_a_file() {
    let setting = Setting {
        installer: &pip(),
        project: Path::new("/r"),
        environment: Path::new("/r/B"),
        work: Path::new("/r/B/w"),
        tool: &|tool| Path::new("/tools").join(tool.name),
        is_hashed: false,
    };
    let plan = Plan::new(Some(&Install::Listed(POETRY_LIST)), &setting);
    let Action::Run(step) = &plan.actions[0] else { panic!("{:?}", plan.actions) };
    assert_eq!(step.program, Path::new("/tools/poetry/bin/python"));
    assert_eq!(step.output.as_deref(), Some(Path::new("/r/B/w/list.txt")));
    assert_eq!(step.variables[0], ("VIRTUAL_ENV", "/r/B".into()));
    assert!(step.variables.contains(&("POETRY_NO_INTERACTION", "1".into())));
}
