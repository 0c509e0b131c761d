//! What words of one's own may consist of: variables, filters, `{% if %}` and comments.
//!
//! That is less than minijinja can do. What is missing is everything with which a short text makes a long one, and with
//! a few more lines one that no memory holds: assignments, loops, macros, and operators that put texts together. Tags
//! are short and conditions shallow, since minijinja compiles both by recursion and does not bound all of it. The scan
//! finds tags and strings as minijinja's lexer does, so that both see the same text between them.

use thiserror::Error;

/// Why a text is no such template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem} (line {line})")]
pub(super) struct GrammarError {
    line: usize,
    problem: String,
}

/// The statements there are.
const STATEMENTS: [&str; 4] = ["if", "elif", "else", "endif"];

/// How long a tag may be, the texts in it not counted.
const LONGEST_TAG: usize = 200;
/// How many conditions may stand inside each other, those of `elif` counted.
const MOST_CONDITIONS: usize = 30;

/// Checks a template.
pub(super) fn check(source: &str) -> Result<(), GrammarError> {
    let mut at = 0;
    // For each condition that is open here, how many it is with those of its `elif`s.
    let mut open: Vec<usize> = Vec::new();
    while let Some((start, marker)) = next_tag(source, at) {
        let inside = start + 2;
        at = match marker {
            b'#' => match source.get(inside..).and_then(|rest| rest.find("#}")) {
                Some(length) => inside + length + 2,
                None => return Err(error(source, start, "a comment is not closed")),
            },
            b'%' => {
                match check_statement(source, inside)? {
                    "if" => open.push(1),
                    "elif" => {
                        if let Some(conditions) = open.last_mut() {
                            *conditions += 1;
                        }
                    }
                    "endif" => {
                        open.pop();
                    }
                    _ => {}
                }
                if open.iter().sum::<usize>() > MOST_CONDITIONS {
                    let problem = format!("more than {MOST_CONDITIONS} conditions in each other");
                    return Err(error(source, start, problem));
                }
                check_tag(source, inside, b'%')?
            }
            _ => check_tag(source, inside, b'}')?,
        };
    }
    Ok(())
}

/// Where the next `{{`, `{%` or `{#` begins, and its second character.
fn next_tag(source: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = source.as_bytes();
    (from..bytes.len().saturating_sub(1))
        .filter(|&at| bytes.get(at) == Some(&b'{'))
        .find_map(|at| {
            let marker = *bytes.get(at + 1)?;
            matches!(marker, b'{' | b'%' | b'#').then_some((at, marker))
        })
}

/// Which statement begins here.
fn check_statement(source: &str, inside: usize) -> Result<&str, GrammarError> {
    let rest = source.get(inside..).unwrap_or_default();
    let rest = rest.trim_start_matches(['-', '+']).trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or_default();
    if STATEMENTS.contains(&word) {
        return Ok(word);
    }
    let problem = if word.is_empty() {
        "a statement is missing".to_owned()
    } else {
        format!("`{word}` cannot be used here: the statements are if, elif, else and endif")
    };
    Err(error(source, inside, problem))
}

/// Checks a tag from behind its opening, and says where it ends.
fn check_tag(source: &str, inside: usize, closing: u8) -> Result<usize, GrammarError> {
    let bytes = source.as_bytes();
    let closes = |at: usize| bytes.get(at) == Some(&closing) && bytes.get(at + 1) == Some(&b'}');
    let is_sign = |at: usize| matches!(bytes.get(at), Some(b'-' | b'+'));
    let mut at = if is_sign(inside) { inside + 1 } else { inside };
    let mut length = 0;
    while let Some(&byte) = bytes.get(at) {
        if closes(at) {
            return Ok(at + 2);
        }
        if is_sign(at) && closes(at + 1) {
            return Ok(at + 3);
        }
        length += 1;
        if length > LONGEST_TAG {
            let problem = format!("a tag of more than {LONGEST_TAG} characters");
            return Err(error(source, inside, problem));
        }
        at = match byte {
            b'"' | b'\'' => end_of_string(source, at)?,
            b'-' => {
                let problem = "`-` cannot be used here: write `_` for it in the key of a question";
                return Err(error(source, at, problem));
            }
            byte if is_plain(byte) => at + 1,
            _ => {
                let character = source.get(at..).and_then(|rest| rest.chars().next());
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                let problem = format!("`{}` cannot be used here", character.escape_debug());
                return Err(error(source, at, problem));
            }
        };
    }
    Err(error(source, inside, "a tag is not closed"))
}

/// What names, numbers, filters, calls, brackets and comparisons consist of.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.,|()[]=!<> \t\n".contains(&byte)
}

/// Where a string ends that begins here, behind its closing quotation mark.
fn end_of_string(source: &str, start: usize) -> Result<usize, GrammarError> {
    let bytes = source.as_bytes();
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            byte if Some(&byte) == bytes.get(start) => return Ok(at + 1),
            _ => 1,
        };
    }
    Err(error(source, start, "a quotation mark is missing"))
}

fn error(source: &str, at: usize, problem: impl Into<String>) -> GrammarError {
    let before = source.as_bytes().iter().take(at);
    GrammarError {
        line: before.filter(|byte| **byte == b'\n').count() + 1,
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(source: &str) -> String {
        check(source).unwrap_err().to_string()
    }

    #[test]
    fn variables_filters_conditions_and_comments_are_allowed() {
        for good in [
            "",
            "Hello { there } %} }}",
            "Hello {{ invitee_name }},\nsee you {{- date | default('soon') -}}.",
            "{% if reason %}{{ reason }}{% elif note %}x{% else %}y{%- endif +%}",
            "{{ answer.company_size }} {{ answer[\"company-size\"] }}",
            r#"{{ note | default("a \" }} {% set %} - * ~") }}"#,
            "{# {% set x = 1 %} ~ #}",
            "{{ \"a\" if place == 'b' and not (x is defined) else \"c\" }}",
            "{{ x }} costs 5 % - or + more ~ *",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn whatever_makes_a_text_grow_is_refused_by_name_and_line() {
        let statement = "cannot be used here: the statements are if, elif, else and endif";
        for word in [
            "set",
            "for",
            "macro",
            "call",
            "include",
            "import",
            "from",
            "extends",
            "block",
            "raw",
            "with",
            "filter",
            "autoescape",
            "do",
            "endfor",
        ] {
            let source = format!("a\n\n{{%- {word} x %}}");
            assert_eq!(complaint(&source), format!("`{word}` {statement} (line 3)"));
        }
        for (source, character) in [
            ("{{ a ~ b }}", "~"),
            ("{{ 'a' * 9999 }}", "*"),
            ("{{ a + b }}", "+"),
            ("{{ {'a': 1} }}", "{"),
            ("{{ a }", "}"),
            ("{{ a % b }}", "%"),
            ("{{ a / b }}", "/"),
            ("{{ a[1:2] }}", ":"),
            ("{{ a\u{a0}}}", "\\u{a0}"),
            ("{% if ä %}", "ä"),
        ] {
            assert_eq!(
                complaint(source),
                format!("`{character}` cannot be used here (line 1)"),
                "{source}"
            );
        }
    }

    #[test]
    fn a_hyphen_in_a_key_is_explained() {
        assert_eq!(
            complaint("{{ answer.company-size }}"),
            "`-` cannot be used here: write `_` for it in the key of a question (line 1)"
        );
    }

    #[test]
    fn what_is_long_or_deep_is_refused() {
        let tag = |length: usize| format!("{{{{ {} }}}}", "x".repeat(length - 2));
        assert_eq!(check(&tag(200)), Ok(()));
        assert_eq!(
            complaint(&tag(201)),
            "a tag of more than 200 characters (line 1)"
        );
        assert_eq!(
            check(&format!("{{{{ x | default('{}') }}}}", "y".repeat(900))),
            Ok(())
        );
        let nested = |times: usize| "{% if x %}".repeat(times) + &"{% endif %}".repeat(times);
        let chained = |times: usize| "{% if x %}".to_owned() + &"{% elif x %}".repeat(times - 1);
        for made in [nested, chained] {
            assert_eq!(check(&made(30)), Ok(()));
            let problem = "more than 30 conditions in each other (line 1)";
            assert_eq!(complaint(&made(31)), problem);
        }
        assert_eq!(
            check(&"{% if x %}{% elif y %}{% endif %}\n".repeat(100)),
            Ok(())
        );
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        assert_eq!(complaint("{{ a"), "a tag is not closed (line 1)");
        assert_eq!(complaint("{{"), "a tag is not closed (line 1)");
        assert_eq!(
            complaint("{{ 'a }}"),
            "a quotation mark is missing (line 1)"
        );
        assert_eq!(complaint("{{ 'a\\"), "a quotation mark is missing (line 1)");
        assert_eq!(complaint("\n{# a"), "a comment is not closed (line 2)");
        assert_eq!(complaint("{% %}"), "a statement is missing (line 1)");
        assert_eq!(complaint("{%"), "a statement is missing (line 1)");
    }
}
