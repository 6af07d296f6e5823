//! Every two sources at once: the first that can be processed wins, and what is passed over is told.

use std::collections::BTreeMap;

use pystart::decide::Decision;

use super::{FLASK, G, decided, told};

/// A source, as a file or a variable: well, and so that it cannot be processed.
struct Source {
    name: &'static str,
    file: Option<&'static str>,
    variable: Option<&'static str>,
    well: &'static str,
    broken: &'static str,
    /// The app that it names when all is well.
    target: &'static str,
}

/// In the order in which they are looked at.
const SOURCES: [Source; 8] = [
    Source {
        name: "Procfile",
        file: Some("Procfile"),
        variable: None,
        well: "web: gunicorn one:app\n",
        broken: "web: no-such-program one:app\n",
        target: "one:app",
    },
    Source {
        name: "[tool.fastapi]",
        file: Some("pyproject.toml"),
        variable: None,
        well: "[tool.fastapi]\nentrypoint = 'two:app'\n",
        broken: "[tool.fastapi]\nentrypoint = 'gone:app'\n",
        target: "two:app",
    },
    Source {
        name: "FLASK_APP",
        file: None,
        variable: Some("FLASK_APP"),
        well: "three",
        broken: "gone",
        target: "three:app",
    },
    Source {
        name: ".flaskenv",
        file: Some(".flaskenv"),
        variable: None,
        well: "FLASK_APP=four\n",
        broken: "FLASK_APP=gone\n",
        target: "four:app",
    },
    Source {
        name: "APP_MODULE",
        file: None,
        variable: Some("APP_MODULE"),
        well: "five:app",
        broken: "gone:app",
        target: "five:app",
    },
    Source {
        name: "wsgi_app",
        file: Some("gunicorn.conf.py"),
        variable: None,
        well: "wsgi_app = 'six:app'\n",
        broken: "wsgi_app = 'six:gone'\n",
        target: "six:app",
    },
    Source {
        name: "hypercorn.toml",
        file: Some("hypercorn.toml"),
        variable: None,
        well: "application_path = 'seven:app'\n",
        broken: "application_path = 'seven:gone'\n",
        target: "seven:app",
    },
    Source {
        name: "[tool.pdm.scripts]",
        file: Some("pyproject.toml"),
        variable: None,
        well: "[tool.pdm.scripts]\nstart = 'gunicorn eight:app'\n",
        broken: "[tool.pdm.scripts]\nstart = 'gunicorn eight:gone'\n",
        target: "eight:app",
    },
];

const MODULES: [&str; 8] = ["one.py", "two.py", "three.py", "four.py", "five.py", "six.py", "seven.py", "eight.py"];

/// What is decided with these sources, each well or broken.
fn with(sources: [(&Source, bool); 2], strict: bool) -> Decision {
    let mut texts: BTreeMap<&str, String> = MODULES.iter().map(|name| (*name, FLASK.to_owned())).collect();
    let mut vars = if strict { vec![("PYSTART_STRICT", "1")] } else { Vec::new() };
    for (source, is_well) in sources {
        let text = if is_well { source.well } else { source.broken };
        if let Some(name) = source.file {
            // Two sources may share a file.
            texts.entry(name).or_default().push_str(text);
        }
        vars.extend(source.variable.map(|name| (name, text)));
    }
    let files: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    decided(G, &files, &vars, &[])
}

/// The pairs, the one that goes first in front. `FLASK_APP` of the environment stands for that of a file, which is not looked
/// at then: broken, it is not replaced by it.
fn pairs() -> impl Iterator<Item = (&'static Source, &'static Source)> {
    (0..SOURCES.len()).flat_map(|first| (first + 1..SOURCES.len()).map(move |next| (&SOURCES[first], &SOURCES[next])))
}

#[test]
fn of_two_sources_the_first_wins() {
    for (first, next) in pairs() {
        let decision = with([(first, true), (next, true)], false);
        assert_eq!(decision.target.as_deref(), Some(first.target), "{} and {}", first.name, next.name);
    }
}

#[test]
fn a_source_that_cannot_be_processed_leaves_the_start_to_the_next_with_a_warning() {
    for (first, next) in pairs().filter(|(first, next)| (first.name, next.name) != ("FLASK_APP", ".flaskenv")) {
        let decision = with([(first, false), (next, true)], false);
        assert_eq!(decision.target.as_deref(), Some(next.target), "{} and {}", first.name, next.name);
        let warned = decision.notices.iter().filter(|notice| notice.message.contains(" is not used: ")).count();
        assert_eq!(warned, 1, "{} and {}", first.name, next.name);
        let strict = with([(first, false), (next, true)], true);
        assert!(strict.outcome.is_err() && told(&strict).starts_with("declared: "), "{} strictly", first.name);
        let later = with([(first, true), (next, false)], true);
        assert_eq!(later.target.as_deref(), Some(first.target), "{}: nobody asks {}", first.name, next.name);
    }
}
