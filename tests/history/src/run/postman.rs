//! Reads hosts' mails while the run goes on: some hosts answer by the links in them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::clients::Shared;

/// Looks into the folders until the task is aborted.
pub(super) async fn walk(folders: Vec<PathBuf>, shared: Arc<Shared>) {
    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        for folder in &folders {
            let Ok(mut entries) = tokio::fs::read_dir(folder).await else {
                continue;
            };
            while let Ok(Some(entry)) = entries.next_entry().await {
                let path = entry.path();
                let is_mail = path.extension().is_some_and(|ending| ending == "eml");
                if !is_mail || !read.insert(path.clone()) {
                    continue;
                }
                let source = tokio::fs::read(&path).await.unwrap_or_default();
                if let Some((email, token)) = link(&String::from_utf8_lossy(&source)) {
                    let mut links = shared
                        .host_links
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    links.insert(email, token);
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The invitee's address and the secret of the host's link, in a mail that asks a host for an answer.
fn link(source: &str) -> Option<(String, String)> {
    let source = source.replace("\r\n", "\n").replace("=\n", "");
    let asks = source
        .lines()
        .any(|line| line.starts_with("Subject:") && line.contains("nswer needed"));
    let reply_to = source.lines().find(|line| line.starts_with("Reply-To:"))?;
    let email = reply_to.rsplit('<').next()?.trim_end_matches('>');
    let token: String = source
        .split("/h/")
        .nth(1)?
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .collect();
    (asks && token.len() == 64).then(|| (email.to_owned(), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_found_in_a_mail_that_asks_for_an_answer() {
        let token = "0123456789abcdef".repeat(4);
        let (first, second) = token.split_at(40);
        let mail = |subject| {
            format!(
                "Subject: {subject}: A call\r\nReply-To: \"I\" <i@x.example>\r\n\r\nhttp://h:1/h/{first}=\r\n{second}\r\n"
            )
        };
        let found = Some(("i@x.example".to_owned(), token.clone()));
        assert_eq!(link(&mail("Answer needed")), found);
        assert_eq!(link(&mail("New time, answer needed")), found);
        assert_eq!(link(&mail("Cancelled")), None);
    }
}
