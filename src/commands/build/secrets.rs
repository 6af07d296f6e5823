//! Keeps secrets out of what the tools print: passwords and tokens in the addresses of indexes and proxies.

use std::collections::BTreeSet;

use crate::environ::Environ;

/// What stands in their place; pip and uv write the same.
const MASK: &[u8] = b"****";

/// Shorter ones would blank out words that mean nothing.
const SHORTEST: usize = 4;

/// Variables that hold nothing else than a secret, by the end of their name.
const ENDS: [&str; 3] = ["_PASSWORD", "_TOKEN", "_SECRET"];

/// Replaces secrets in a stream of output.
#[derive(Clone, Debug, Default)]
pub(super) struct Masker {
    secrets: Vec<Vec<u8>>,
    /// The beginning of what may become a secret with the next piece.
    held: Vec<u8>,
}

impl Masker {
    /// For the secrets in an environment and in the texts of files.
    pub(super) fn new<'a>(environ: &Environ, texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut secrets = BTreeSet::new();
        for (name, value) in environ.iter() {
            let (name, value) = (name.to_string_lossy(), value.as_encoded_bytes());
            in_addresses(value, &mut secrets);
            if ENDS.iter().any(|end| name.ends_with(end)) {
                secrets.insert(value.to_vec());
            }
        }
        texts.into_iter().for_each(|text| in_addresses(text, &mut secrets));
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        // A secret that contains another one is replaced whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets, held: Vec::new() }
    }

    /// The next piece of output, safe to show. What may be the beginning of a secret is kept for the next call.
    pub(super) fn mask(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let all = std::mem::take(&mut self.held);
        let mut out = Vec::with_capacity(all.len());
        let mut at = 0;
        while at < all.len() {
            let rest = &all[at..];
            if let Some(secret) = self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                out.extend_from_slice(MASK);
                at += secret.len();
            } else if self.secrets.iter().any(|secret| secret.starts_with(rest)) {
                self.held = rest.to_vec();
                break;
            } else {
                out.push(all[at]);
                at += 1;
            }
        }
        out
    }

    /// What was kept, when there is no more.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

/// `https://USER:PASSWORD@host`: the password; `https://TOKEN@host`: the token.
fn in_addresses(text: &[u8], secrets: &mut BTreeSet<Vec<u8>>) {
    let sign = b"://";
    for at in (0..text.len().saturating_sub(sign.len())).filter(|at| text[*at..].starts_with(sign)) {
        let rest = &text[at + sign.len()..];
        let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || b"/\"'`".contains(byte));
        let authority = &rest[..end.unwrap_or(rest.len())];
        let Some(host) = authority.iter().rposition(|byte| *byte == b'@') else { continue };
        let user = &authority[..host];
        let secret = user.iter().position(|byte| *byte == b':').map_or(user, |colon| &user[colon + 1..]);
        // `git@host`, `${TOKEN}@host`: no secret.
        if !secret.starts_with(b"$") && secret != b"git" {
            secrets.insert(secret.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker() -> Masker {
        let environ = [
            ("PIP_INDEX_URL", "https://me:hunter2@x/simple"),
            ("HTTPS_PROXY", "http://tokentoken@p:80"),
            ("UV_INDEX_MINE_PASSWORD", "hunter2345"),
            ("PATH", "/bin"),
            ("EMPTY_TOKEN", ""),
        ];
        let texts: [&[u8]; 2] = [b"--index-url \"https://u:inside@y\" flask", b"git+ssh://git@x https://u:${PW}@z"];
        Masker::new(&environ.into_iter().collect(), texts)
    }

    #[test]
    fn secrets_of_variables_and_files_are_masked_and_nothing_else() {
        let text = b"https://me:hunter2@x hunter2345 http://tokentoken@p inside git@x me ${PW}@z /bin";
        let expected = b"https://me:****@x **** http://****@p **** git@x me ${PW}@z /bin";
        let mut masker = masker();
        let out = [masker.mask(text), masker.rest()].concat();
        assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn a_secret_in_two_pieces_is_masked_and_the_end_is_not_lost() {
        let mut masker = masker();
        let mut out = masker.mask(b"a hunt");
        assert_eq!(out, b"a ");
        out.extend(masker.mask(b"er2 b tok"));
        out.extend(masker.rest());
        assert_eq!(out, b"a **** b tok");
        assert_eq!(masker.rest(), b"");
    }
}
