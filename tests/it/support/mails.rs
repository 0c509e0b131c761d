//! The mails in a folder, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::place;

/// A mail that was written, as far as these tests look into it.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) file: PathBuf,
    headers: BTreeMap<String, String>,
    /// The whole source with the line breaks of quoted-printable and of iCalendar taken away, so that links are whole.
    pub(crate) text: String,
}

impl Mail {
    fn read(file: &Path) -> Self {
        let source = place::read(file).replace("\r\n", "\n");
        let (head, _) = source.split_once("\n\n").unwrap_or((&source, ""));
        let unfolded = head.replace("\n\t", " ").replace("\n ", " ");
        let headers = unfolded
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            file: file.to_owned(),
            headers,
            text: source
                .replace("=\n", "")
                .replace("=3D", "=")
                .replace("\n ", ""),
        }
    }

    /// A header of the message itself.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(&name.to_lowercase());
        value.unwrap_or_else(|| panic!("{} has no {name}", self.file.display()))
    }

    /// Whether it goes to this address.
    pub(crate) fn is_to(&self, address: &str) -> bool {
        self.header("To").contains(address)
    }

    /// The links in it, whole.
    pub(crate) fn links(&self) -> BTreeSet<String> {
        let starts = self.text.match_indices("http");
        let links = starts.map(|(at, _)| {
            let rest = self.text[at..].split(|c: char| c.is_whitespace() || "\"<>)".contains(c));
            rest.take(1).collect::<String>().replace("&amp;", "&")
        });
        links
            .filter(|link| link.starts_with("http://") || link.starts_with("https://"))
            .collect()
    }

    /// The one link to a page under a secret: `("/b/", "/cancel")`, or the secret's own page.
    pub(crate) fn link(&self, behind: &str, page: &str) -> String {
        let link = |secret: String| format!("{behind}{secret}{page}");
        let wanted: Vec<String> = self.secrets(behind).into_iter().map(link).collect();
        let links = self.links();
        let links: Vec<&String> = links
            .iter()
            .filter(|link| wanted.iter().any(|wanted| link.ends_with(wanted)))
            .collect();
        let file = self.file.display();
        assert_eq!(links.len(), 1, "{behind}…{page} in {file}: {links:?}");
        links[0].clone()
    }

    /// The manage tokens in its links.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.secrets("/b/")
    }

    /// The secrets that stand behind a part of its links, such as `/invitations/`.
    pub(crate) fn secrets(&self, behind: &str) -> Vec<String> {
        let mut secrets: Vec<String> = self
            .text
            .split(behind)
            .skip(1)
            .map(|rest| {
                rest.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                    .collect()
            })
            .filter(|secret: &String| secret.len() > 30)
            .collect();
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// The one secret that stands behind a part of its links.
    pub(crate) fn secret(&self, behind: &str) -> String {
        let secrets = self.secrets(behind);
        assert_eq!(secrets.len(), 1, "{behind} in {}", self.file.display());
        secrets[0].clone()
    }
}

/// All mails of a folder; none while there is no folder.
pub(crate) fn read_all(folder: &Path) -> Vec<Mail> {
    if !folder.is_dir() {
        return Vec::new();
    }
    place::files(folder, ".eml")
        .iter()
        .map(|file| Mail::read(file))
        .collect()
}

/// Waits until the mails of a folder are as wanted. The limit is a guard against hanging: after a crash, a mail that
/// was about to be sent waits a minute for the dead worker's lease to end.
pub(crate) fn wait_until(folder: &Path, what: &str, wanted: impl Fn(&[Mail]) -> bool) -> Vec<Mail> {
    let began = Instant::now();
    loop {
        let mails = read_all(folder);
        if wanted(&mails) {
            return mails;
        }
        if began.elapsed() > Duration::from_mins(4) {
            let there: Vec<String> = mails
                .iter()
                .map(|mail| format!("{} | {}", mail.header("To"), mail.header("Subject")))
                .collect();
            panic!(
                "still waiting for {what}; there are {} mails:\n{}",
                there.len(),
                there.join("\n")
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for the first mail to an address whose subject has these words, and answers it.
pub(crate) fn wait_for(folder: &Path, address: &str, words: &str) -> Mail {
    let is_it = |mail: &&Mail| mail.is_to(address) && mail.header("Subject").contains(words);
    let what = format!("a mail to {address} with {words:?}");
    let mails = wait_until(folder, &what, |mails| mails.iter().any(|mail| is_it(&mail)));
    let found = mails.iter().find(is_it);
    found.expect("it was waited for").clone()
}
