//! The variables by which servers take their address, for commands that are not ours to write.
//!
//! Read in the packages' sources: uvicorn 0.54 (only its command line), Flask 3.1 (`flask run`), granian 2.8, Streamlit
//! 1.60, Gradio 6.31, Chainlit 2.9. fastapi-cli reads `PORT`. NiceGUI, hypercorn, daphne, waitress, Panel, Sanic, aiohttp
//! and Tornado read none.

use std::ffi::{OsStr, OsString};

use crate::environ::Environ;

/// What a variable holds.
#[derive(Clone, Copy)]
enum Holds {
    Host,
    Port,
    Yes,
}

const VARIABLES: [(&str, Holds); 13] = [
    ("CHAINLIT_HOST", Holds::Host),
    ("CHAINLIT_PORT", Holds::Port),
    ("FLASK_RUN_HOST", Holds::Host),
    ("FLASK_RUN_PORT", Holds::Port),
    ("GRADIO_SERVER_NAME", Holds::Host),
    ("GRADIO_SERVER_PORT", Holds::Port),
    ("GRANIAN_HOST", Holds::Host),
    ("GRANIAN_PORT", Holds::Port),
    ("STREAMLIT_SERVER_ADDRESS", Holds::Host),
    ("STREAMLIT_SERVER_HEADLESS", Holds::Yes),
    ("STREAMLIT_SERVER_PORT", Holds::Port),
    ("UVICORN_HOST", Holds::Host),
    ("UVICORN_PORT", Holds::Port),
];

/// Those that the user has not set, with their values.
pub(crate) fn variables(environ: &Environ, host: &OsStr, port: u16) -> Vec<(String, OsString)> {
    let value = |holds| match holds {
        Holds::Host => host.to_owned(),
        Holds::Port => port.to_string().into(),
        Holds::Yes => "true".into(),
    };
    let unset = VARIABLES.iter().filter(|(name, _)| environ.filled(name).is_none());
    unset.map(|(name, holds)| ((*name).to_owned(), value(*holds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_set_that_the_user_has_not() {
        let environ: Environ = [("UVICORN_PORT", "1"), ("CHAINLIT_HOST", "")].into_iter().collect();
        let found = variables(&environ, OsStr::new("::"), 81);
        let text: Vec<_> = found.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
        let expected = "CHAINLIT_HOST=:: CHAINLIT_PORT=81 FLASK_RUN_HOST=:: FLASK_RUN_PORT=81 GRADIO_SERVER_NAME=:: \
                        GRADIO_SERVER_PORT=81 GRANIAN_HOST=:: GRANIAN_PORT=81 STREAMLIT_SERVER_ADDRESS=:: \
                        STREAMLIT_SERVER_HEADLESS=true STREAMLIT_SERVER_PORT=81 UVICORN_HOST=::";
        assert_eq!(text.join(" "), expected);
    }
}
