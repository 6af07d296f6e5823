//! Guards the parser against text that was made to be deep.
//!
//! The parser grows its stack as it needs, about two kibibytes for each level: a file of half a mebibyte of `[` would
//! take a gibibyte. CPython itself refuses more than 200 nested brackets and 100 levels of indentation ("too many
//! nested parentheses", "too many levels of indentation"), so nothing real is lost.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

/// Below this many bytes no text can be deep enough to matter, and nothing is counted.
const HARMLESS: usize = 8 * 1024;

/// More than CPython allows, so that only what it refuses is refused here.
const MAX_DEPTH: usize = 1000;

/// Is the text nested deeper than anything that Python itself would read?
pub(super) fn is_excessive(text: &str) -> bool {
    if text.len() < HARMLESS {
        return false;
    }
    let mut lexer = lex(text, Mode::Module);
    let (mut brackets, mut blocks, mut prefixes) = (0_usize, 0_usize, 0_usize);
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                brackets += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                brackets = brackets.saturating_sub(1);
            }
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Newline => (brackets, prefixes) = (0, 0),
            // Each of these has the rest of the expression as its operand; a comma ends it.
            TokenKind::Minus
            | TokenKind::Plus
            | TokenKind::Tilde
            | TokenKind::Not
            | TokenKind::Lambda
            | TokenKind::Await
            | TokenKind::DoubleStar
            | TokenKind::Star
            | TokenKind::Colon
            | TokenKind::Else => prefixes += 1,
            TokenKind::Comma => prefixes = 0,
            _ => {}
        }
        if brackets + blocks + prefixes > MAX_DEPTH {
            return true;
        }
    }
}
