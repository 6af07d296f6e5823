//! Any bytes as the answer of the site: a status has three digits and stands in it, and what is clear once stays so.

use pystart::commands::health::{Answer, final_answer};

pub fn run(data: &[u8]) {
    let whole = final_answer(data);
    if let Some(Answer::Status(status)) = whole {
        assert!((200..1000).contains(&status), "{status}");
        assert!(data.windows(3).any(|digits| digits == status.to_string().as_bytes()), "{status}");
    }
    // The bytes come in pieces: more of them change no answer that was given.
    for end in (0..data.len()).step_by(1 + data.len() / 8) {
        let early = final_answer(&data[..end]);
        assert!(early.is_none() || early == whole, "{early:?} after {end} bytes, {whole:?} in the end");
    }
}
