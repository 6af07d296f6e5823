//! How deep a text could make the parser go, told from its tokens alone.
//!
//! The tree that the parser builds can be as deep as the text is long (`a.a.a.a`, `- - - a`, `[[[[a`). The parser grows
//! its stack where it recurses, but not where a part of such a tree is dropped again after an error, and it has no
//! limit of its own. So the depth is bounded before it begins: [`depth`] is never less than that of the tree. So is the
//! number of tokens: a tree takes up to a hundred bytes for each.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

/// What CPython itself does not compile: 3.11 ends at 2,992 levels of operators and 200 of brackets, 3.12 and 3.13 at
/// their C recursion limit of 10,000 (`Py_C_RECURSION_LIMIT`), and the parser of each at 6,000 of its own.
const MAX_DEPTH: usize = 10_000;

/// More than half a mebibyte of Python that people write holds (about 130,000): only a table of numbers has more.
const MAX_TOKENS: usize = 192 * 1024;

/// Why a text is not parsed, each as the end of a sentence that begins with the file.
pub(super) const TOO_DEEP: &str = "is not parsed: it is nested deeper than Python itself reads";
pub(super) const TOO_MANY_TOKENS: &str = "is not parsed: it has more than 196,608 tokens";

/// One bracket, f-string or list of parameters that is open, and what the expression in it has piled up so far.
#[derive(Clone, Copy)]
struct Level {
    opened_by: TokenKind,
    /// Operators that bind closer than a comparison: each may have all that stands to its left below it.
    arithmetic: usize,
    /// `not`, each of which has what follows below it.
    negations: usize,
    /// What has the rest of the expression below it: `lambda`, `if ... else`, `yield`, `await`, `:=`, a star.
    prefixes: usize,
}

impl Level {
    fn opened_by(opened_by: TokenKind) -> Self {
        Self { opened_by, arithmetic: 0, negations: 0, prefixes: 0 }
    }

    fn sum(self) -> usize {
        self.arithmetic + self.negations + self.prefixes
    }
}

/// No text has more tokens than this: each is a word, or takes a byte that is neither of a word nor blank. No text is
/// deeper than that either, and counting bytes costs a fraction of reading tokens.
pub(super) fn most_tokens(text: &str) -> usize {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    let mut was_of_word = false;
    let mut tokens = 0;
    for byte in text.bytes() {
        let is_word = is_of_word(byte);
        tokens += usize::from(if is_word { !was_of_word } else { !byte.is_ascii_whitespace() });
        was_of_word = is_word;
    }
    tokens
}

/// A bound on the depth of the tree.
///
/// # Errors
///
/// Why the text had better not be parsed.
pub(super) fn depth(text: &str) -> Result<usize, &'static str> {
    let mut lexer = lex(text, Mode::Module);
    let mut blocks = 0_usize;
    let mut outer = Vec::new();
    // The sum of all levels in `outer`.
    let mut below = 0;
    let mut level = Level::opened_by(TokenKind::Newline);
    let mut deepest = 0;
    for _ in 0..MAX_TOKENS {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return Ok(deepest),
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Newline => {
                outer.clear();
                below = 0;
                level = Level::opened_by(TokenKind::Newline);
            }
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart
            | TokenKind::Lambda => {
                below += level.sum() + 1;
                outer.push(level);
                level = Level::opened_by(token);
            }
            // The end of the parameters of a `lambda`, whose body follows; elsewhere an annotation, a slice, a key.
            TokenKind::Colon => {
                if level.opened_by == TokenKind::Lambda {
                    below = close(&mut outer, &mut level, below);
                }
                level.prefixes += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                while level.opened_by == TokenKind::Lambda {
                    below = close(&mut outer, &mut level, below);
                }
                below = close(&mut outer, &mut level, below);
                match token {
                    // `f()()()` and `a[0][0]` have one below the other, the parts of an f-string stand side by side.
                    TokenKind::Rpar | TokenKind::Rsqb => level.arithmetic += 1,
                    _ if is_string(level.opened_by) => level = Level::opened_by(level.opened_by),
                    _ => {}
                }
            }
            // An expression ends, and the next one begins.
            TokenKind::Comma | TokenKind::Semi => level = Level::opened_by(level.opened_by),
            TokenKind::Equal | TokenKind::And | TokenKind::Or => (level.arithmetic, level.negations) = (0, 0),
            // Comparisons stand side by side in the tree, however many there are.
            TokenKind::Less
            | TokenKind::Greater
            | TokenKind::LessEqual
            | TokenKind::GreaterEqual
            | TokenKind::EqEqual
            | TokenKind::NotEqual
            | TokenKind::Is
            | TokenKind::In => level.arithmetic = 0,
            TokenKind::Not => level.negations += 1,
            TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::DoubleStar
            | TokenKind::Slash
            | TokenKind::DoubleSlash
            | TokenKind::Percent
            | TokenKind::At
            | TokenKind::Amper
            | TokenKind::Vbar
            | TokenKind::CircumFlex
            | TokenKind::LeftShift
            | TokenKind::RightShift
            | TokenKind::Tilde
            | TokenKind::Dot
            | TokenKind::As => level.arithmetic += 1,
            TokenKind::If | TokenKind::Else | TokenKind::Yield | TokenKind::Await | TokenKind::ColonEqual => {
                level.prefixes += 1;
            }
            _ => {}
        }
        deepest = deepest.max(blocks + below + level.sum());
        if deepest > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
    }
    Err(TOO_MANY_TOKENS)
}

/// Goes back to the level around this one, if there is one; the new sum of the outer levels.
fn close(outer: &mut Vec<Level>, level: &mut Level, below: usize) -> usize {
    let Some(around) = outer.pop() else { return below };
    *level = around;
    below - around.sum() - 1
}

fn is_string(opened_by: TokenKind) -> bool {
    matches!(opened_by, TokenKind::FStringStart | TokenKind::TStringStart)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that nest `count` times in one way each.
    fn nested(count: usize) -> Vec<(&'static str, String)> {
        let wrap = |open: &str, close: &str| format!("x = {}a{}\n", open.repeat(count), close.repeat(count));
        vec![
            ("brackets", wrap("[", "]")),
            ("open brackets", format!("x = {}", "(".repeat(count))),
            ("dictionaries", wrap("{1:", "}")),
            ("f-strings", wrap("f'{", "}'")),
            ("left operators", format!("x = {}a\n", "a+".repeat(count))),
            ("divisions", format!("x = {}a\n", "a/".repeat(count))),
            ("powers", format!("x = {}a\n", "2**".repeat(count))),
            ("dots", format!("x = a{}\n", ".a".repeat(count))),
            ("calls", format!("x = a{}\n", "()".repeat(count))),
            ("subscripts", format!("x = a{}\n", "[0]".repeat(count))),
            ("signs", format!("x = {}a\n", "-".repeat(count))),
            ("negations", format!("x = {}a\n", "not ".repeat(count))),
            ("negations below comparisons", format!("x = {}a\n", "a < not ".repeat(count))),
            ("lambdas", format!("x = {}a\n", "lambda: ".repeat(count))),
            ("defaults", format!("x = {}", "lambda a, b=".repeat(count))),
            ("conditions", format!("x = {}a\n", "a if a else ".repeat(count))),
            ("broken conditions", format!("x = {}a\n", "a if ".repeat(count))),
            ("walrus", format!("x = ({}a)\n", "a := ".repeat(count))),
            ("alternatives of a pattern", format!("match ({}a):\n  case 1: pass\n", "a|".repeat(count))),
            ("stars", format!("match {}a:\n  case 1: pass\n", "* ".repeat(count))),
            ("with items", format!("with ({}) | a: pass\n", "a|".repeat(count))),
            ("broken keywords", format!("f({}a=1)\n", "a.".repeat(count))),
            ("bases", format!("class A({}a=1): pass\n", "a.".repeat(count))),
            ("class patterns", format!("match x:\n case A({}a=1): pass\n", "a.".repeat(count))),
            ("awaits", format!("x = {}a\n", "await ".repeat(count))),
            ("yields", format!("x = {}a\n", "yield ".repeat(count))),
        ]
    }

    #[test]
    fn whatever_nests_is_counted_once_for_each_level() {
        for (name, text) in nested(1000) {
            let depth = depth(&text).unwrap();
            assert!((1000..=3010).contains(&depth), "{name}: {depth}");
        }
        let blocks: String = (0..90).map(|depth| " ".repeat(depth) + "if x:\n").collect();
        assert!(depth(&blocks).unwrap() >= 89);
    }

    #[test]
    fn the_estimate_of_a_short_text_is_never_below_its_depth() {
        for (name, text) in nested(100) {
            assert!(most_tokens(&text) >= depth(&text).unwrap(), "{name}");
        }
        assert_eq!(most_tokens("app = Flask(__name__)  # 1\n"), 8);
    }

    #[test]
    fn what_is_too_deep_is_refused() {
        for (name, text) in nested(MAX_DEPTH + 10) {
            assert_eq!(depth(&text), Err(TOO_DEEP), "{name}");
        }
    }

    #[test]
    fn what_stands_side_by_side_is_not_deep() {
        for (name, part) in [
            ("items", "-a, not b, c + d, f(x)(y), "),
            ("alternatives", "-a or not b or c + d < e or "),
            ("comparisons", "a + b < c.d == "),
            ("strings", "'a' "),
            ("parts of f-strings", "f'{a.b}{c + d}' "),
            ("assignments", "a.b = c, d = "),
            ("pairs", "{'a': -b, 'c': not d}, "),
            ("small functions", "lambda a, b=1: a + b, "),
        ] {
            let text = format!("x = ({}1)\n", part.repeat(1000));
            assert!(depth(&text).unwrap() < 12, "{name}: {:?}", depth(&text));
        }
        let one = format!("x = f'{}'\n", "{a + b}{c.d}".repeat(1000));
        assert!(depth(&one).unwrap() < 12, "one f-string: {:?}", depth(&one));
        let lines = "x = -a + b.c(d)[0]\n".repeat(1000);
        assert!(depth(&lines).unwrap() < 12, "lines: {:?}", depth(&lines));
    }
    #[test]
    fn what_has_too_many_tokens_is_refused() {
        assert_eq!(depth(&"a\n".repeat(98_000)), Ok(0));
        assert_eq!(depth(&"a\n".repeat(99_000)), Err(TOO_MANY_TOKENS));
    }
}
