//! The mails that workers wrote into their folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::digits;
use crate::Failure;

/// A calendar part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// `METHOD`
    pub method: String,
    /// The digits of `UID`, before the `@`.
    pub uid: String,
    /// `SEQUENCE`
    pub sequence: Option<i64>,
    /// `DTSTART`, in microseconds.
    pub start: Option<i64>,
    /// `DTEND`
    pub end: Option<i64>,
}

/// A mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Which worker wrote it.
    pub worker: String,
    /// The digits of its `Message-ID`, before the `@`: the id of the outbox's row.
    pub id: String,
    /// The address it goes to.
    pub to: String,
    /// `Subject`
    pub subject: String,
    /// The digits in `References`: the booking's id.
    pub booking: String,
    /// The calendar part, where there is one.
    pub calendar: Option<Calendar>,
}

impl Mail {
    /// Reads a mail's source.
    pub fn of(worker: &str, source: &str) -> Self {
        let source = source.replace("\r\n", "\n");
        let (head, body) = source.split_once("\n\n").unwrap_or((&source, ""));
        let headers = properties(head);
        let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
        let to = header("to");
        let to = to.rsplit('<').next().unwrap_or(to).trim_end_matches('>');
        Self {
            worker: worker.to_owned(),
            id: before_at(header("message-id")),
            to: to.to_owned(),
            subject: header("subject").to_owned(),
            booking: before_at(header("references")),
            calendar: calendar(body),
        }
    }
}

fn before_at(id: &str) -> String {
    digits(
        id.trim_start_matches('<')
            .split('@')
            .next()
            .unwrap_or_default(),
    )
}

/// The lines `name: value` with continued ones put together; names in lower case, without parameters.
fn properties(text: &str) -> BTreeMap<String, String> {
    let unfolded = text.replace("\n ", "").replace("\n\t", "");
    let lines = unfolded.lines().filter_map(|line| line.split_once(':'));
    let named = lines.map(|(name, value)| {
        let name = name.split(';').next().unwrap_or(name);
        (name.to_lowercase(), value.trim().to_owned())
    });
    named.collect()
}

fn calendar(body: &str) -> Option<Calendar> {
    let begin = body.find("BEGIN:VCALENDAR")?;
    let end = begin + body[begin..].find("END:VCALENDAR")?;
    let lines = properties(&body[begin..end]);
    let line = |name: &str| lines.get(name).map(String::as_str).unwrap_or_default();
    Some(Calendar {
        method: line("method").to_owned(),
        uid: before_at(line("uid")),
        sequence: line("sequence").parse().ok(),
        start: utc(line("dtstart")),
        end: utc(line("dtend")),
    })
}

fn utc(text: &str) -> Option<i64> {
    let instant = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
    Some(instant.and_utc().timestamp_micros())
}

/// An instant that the API wrote, in microseconds.
pub fn instant_of(text: &str) -> Option<i64> {
    let instant = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(instant.timestamp_micros())
}

/// Reads all mails of the workers' folders.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn read(folders: &[(String, PathBuf)]) -> Result<Vec<Mail>, Failure> {
    let mut mails = Vec::new();
    for (worker, folder) in folders {
        for file in files(folder)? {
            let source = fs::read(&file)?;
            mails.push(Mail::of(worker, &String::from_utf8_lossy(&source)));
        }
    }
    Ok(mails)
}

/// The mails in a folder, in order; none while there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // What is half written has a name that begins with a dot.
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let is_whole = name.is_some_and(|name| !name.starts_with('.'));
        if is_whole && path.extension().is_some_and(|ending| ending == "eml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "To: \"Ann\r\n Acme\" <ann@field.example>\r\nSubject: A call\r\n\
        Message-ID: <01a1-0b@kalends.example>\r\nReferences: <02B2@kalends.example>\r\n\r\n\
        Some text: here\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:02b2@kalends.exa\r\n mple\r\n\
        SEQUENCE:3\r\nDTSTART:20261123T114500Z\r\nDTEND:20261123T121500Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn a_mail_says_to_whom_it_goes_and_which_change_it_tells() {
        let mail = Mail::of("worker 1", SOURCE);
        let read = (mail.id.as_str(), mail.to.as_str(), mail.booking.as_str());
        assert_eq!(read, ("01a10b", "ann@field.example", "02b2"));
        let calendar = mail.calendar.unwrap();
        assert_eq!(
            (calendar.method.as_str(), calendar.uid.as_str()),
            ("REQUEST", "02b2")
        );
        assert_eq!(calendar.sequence, Some(3));
        assert_eq!(calendar.start, instant_of("2026-11-23T12:45:00+01:00"));
        assert_eq!(Mail::of("worker 1", "To: x@y\n\nHello").calendar, None);
    }

    #[test]
    fn what_is_half_written_is_no_mail() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.eml", "a.eml", ".c.eml.1-2", "d.txt"] {
            fs::write(folder.path().join(name), SOURCE).unwrap();
        }
        let folders = [
            ("w".to_owned(), folder.path().to_owned()),
            ("v".to_owned(), folder.path().join("none")),
        ];
        assert_eq!(read(&folders).unwrap().len(), 2);
    }
}
