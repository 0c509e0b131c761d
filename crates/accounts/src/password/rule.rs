//! What a new password must be: long, and not the first thing that anybody would try.
//!
//! After NIST SP 800-63B: a length, no rules about kinds of characters, and a comparison with what is commonly chosen
//! and with what the account itself says.

use thiserror::Error;

/// The smallest number of characters of a password.
pub const SHORTEST: usize = 12;
/// The largest number of characters of a password.
pub const LONGEST: usize = 128;

/// How many characters must remain when everything that is easy to guess is taken away.
const OWN: usize = 6;

/// Why a new password was refused. The message is a sentence fragment that can stand beside the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordRefused {
    /// Fewer characters than [`SHORTEST`].
    #[error("must have at least {SHORTEST} characters")]
    TooShort,
    /// More characters than [`LONGEST`].
    #[error("must have at most {LONGEST} characters")]
    TooLong,
    /// A line break, a tabulator, or some other character that keyboards do not give.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// Among the first that anybody would try.
    #[error("is among the first that others would try")]
    TooCommon,
    /// Little more than the name or the address of the account.
    #[error("must be more than the name or the mail address")]
    LikeTheAccount,
}

/// Words that the commonest passwords are made of. With digits and marks around them they stay as common.
const COMMON_WORDS: [&str; 34] = [
    "abcdefghijkl",
    "administrator",
    "adminadmin",
    "asdfghjkl",
    "baseball",
    "changeme",
    "computer",
    "correcthorsebatterystaple",
    "default",
    "dragon",
    "football",
    "geheim",
    "hallo",
    "hello",
    "iloveyou",
    "internet",
    "kalends",
    "letmein",
    "liverpool",
    "master",
    "michael",
    "monkey",
    "passphrase",
    "password",
    "passwort",
    "princess",
    "qazwsxedc",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "secret",
    "sunshine",
    "superman",
    "welcome",
];

/// Whether a text may become the password of an account with these words in its name and address.
pub(crate) fn check(password: &str, of_account: &[&str]) -> Result<(), PasswordRefused> {
    // In bytes first: no character takes more than four, and a text of megabytes is not even read.
    if password.len() > LONGEST * 4 {
        return Err(PasswordRefused::TooLong);
    }
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(PasswordRefused::TooShort);
    }
    if length > LONGEST {
        return Err(PasswordRefused::TooLong);
    }
    if password.chars().any(char::is_control) {
        return Err(PasswordRefused::ControlCharacter);
    }
    let folded = fold(password);
    if is_common(&folded) {
        return Err(PasswordRefused::TooCommon);
    }
    if is_like(&folded, of_account) {
        return Err(PasswordRefused::LikeTheAccount);
    }
    Ok(())
}

fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn is_common(folded: &str) -> bool {
    let mut distinct: Vec<char> = folded.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 || is_sequence(folded) {
        return true;
    }
    let plain: String = folded.chars().map(plain_letter).collect();
    [folded, plain.as_str()].into_iter().any(|text| {
        let rest = COMMON_WORDS
            .iter()
            .fold(text.to_owned(), |rest, word| rest.replace(word, ""));
        rest.len() < text.len() && strange(&rest) < OWN
    })
}

/// How many characters are neither digits nor marks: those people put behind a common word to please a rule.
fn strange(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// A letter for the digit or the mark that people write in its place.
fn plain_letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether most characters follow the one before, as in `123456789012` or `abcdefghijkl`, up or down.
fn is_sequence(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let steps = characters.windows(2).filter(|pair| {
        let (a, b) = (u32::from(pair[0]), u32::from(pair[1]));
        a.abs_diff(b) <= 1 || matches!((pair[0], pair[1]), ('9', '0') | ('0', '9'))
    });
    steps.count() * 4 >= characters.len() * 3
}

/// Whether little remains when the words of the account are taken away.
fn is_like(folded: &str, of_account: &[&str]) -> bool {
    let mut words: Vec<String> = Vec::new();
    for text in of_account {
        let text = fold(text);
        words.extend(
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| word.chars().count() >= 4)
                .map(str::to_owned),
        );
        words.push(text);
    }
    // The longest first, so that a word within another does not tear it.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words
        .iter()
        .filter(|word| !word.is_empty())
        .fold(folded.to_owned(), |rest, word| {
            rest.replace(word.as_str(), "")
        });
    let own = rest.chars().filter(|c| c.is_alphanumeric()).count();
    rest.len() < folded.len() && own < OWN
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: [&str; 2] = ["Elena Vaszary", "elena.vaszary@halden-mills.example"];

    fn verdict(password: &str) -> Result<(), PasswordRefused> {
        check(password, &ACCOUNT)
    }

    #[test]
    fn twelve_characters_of_any_script_are_enough() {
        for good in [
            "plum tree rain",
            "Grüße aus dem Norden",
            "горе от ума, 1825",
            "九月九日憶山東兄弟王維作",
            "k7#Qz!m2Lp9v",
            "the password of my cat",
            "Vaszary likes plums",
        ] {
            assert_eq!(verdict(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        assert_eq!(verdict("k7#Qz!m2Lp9"), Err(PasswordRefused::TooShort));
        assert_eq!(verdict(""), Err(PasswordRefused::TooShort));
        let longest: String = "plum-tree*rain 7".chars().cycle().take(LONGEST).collect();
        assert_eq!(verdict(&longest), Ok(()));
        assert_eq!(
            verdict(&format!("{longest}x")),
            Err(PasswordRefused::TooLong)
        );
        let megabyte = "plum tree rain, ".repeat(65_536);
        assert_eq!(verdict(&megabyte), Err(PasswordRefused::TooLong));
    }

    #[test]
    fn control_characters_are_refused() {
        for bad in ["plum tree\0rain", "plum tree\nrain", "plum tree\u{7f}rain"] {
            assert_eq!(verdict(bad), Err(PasswordRefused::ControlCharacter));
        }
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for bad in [
            "password1234",
            "Password123!",
            "P@ssw0rd2026!",
            "passwordpassword",
            "123456789012",
            "abcdefghijkl",
            "abcdefghijklmnop",
            "987654321098",
            "aaaaaaaaaaaa",
            "abababababab",
            "qwertyuiop12",
            "Welcome2026!!",
            "letmeinletmein",
            "kalends-2026-kalends",
            "correct horse battery staple".replace(' ', "").as_str(),
        ] {
            assert_eq!(verdict(bad), Err(PasswordRefused::TooCommon), "{bad}");
        }
    }

    #[test]
    fn ones_own_name_and_address_are_no_password() {
        for bad in [
            "elena.vaszary@halden-mills.example",
            "ElenaVaszary1",
            "vaszary-elena-26",
            "halden-mills-99",
        ] {
            assert_eq!(verdict(bad), Err(PasswordRefused::LikeTheAccount), "{bad}");
        }
    }
}
