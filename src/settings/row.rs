//! What there is to know of a setting whatever its value is, and how it is typed.

/// How something is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `--long VALUE`, `-s VALUE`.
    Option {
        /// Without the dashes.
        long: &'static str,
        /// Without the dash.
        short: Option<char>,
        /// What the value is called in the help.
        value: &'static str,
    },
    /// `--long`.
    Switch {
        /// Without the dashes.
        long: &'static str,
    },
    /// Every word from the first on that is no option.
    Words {
        /// What they are called in the help.
        value: &'static str,
    },
    /// Not at all: there is a variable only.
    Variable,
}

impl Usage {
    /// The name of the flag, without the dashes.
    #[must_use]
    pub fn long(self) -> Option<&'static str> {
        match self {
            Self::Option { long, .. } | Self::Switch { long } => Some(long),
            Self::Words { .. } | Self::Variable => None,
        }
    }
}

/// What is to be known about a setting without knowing the type of its value.
pub struct Row {
    /// How it is typed.
    pub usage: Usage,
    /// The subcommands that take it.
    pub subcommands: &'static [&'static str],
    /// The variables that set it, the first that is filled counts; behind the flag.
    pub variables: &'static [&'static str],
    /// What holds when it is not set, from the constant that says so.
    pub default: Option<fn() -> String>,
    /// What it does, in half a sentence.
    pub help: &'static str,
}
