//! Offering one message to a server that is ready for it, step by step, so that a failure is known for what it is.

use std::sync::atomic::{AtomicU8, Ordering};

use mail_send::SmtpClient;
use mail_send::smtp::message::Parameters;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::error::{Reply, SmtpError, Step};
use crate::address::ascii_address;
use crate::message::OutgoingMail;

/// One message on its way to one server. It remembers how far it came, even when the time runs out in between.
pub(super) struct Transaction<'a> {
    from: String,
    to: String,
    bytes: &'a [u8],
    progress: AtomicU8,
}

/// The final dot has not been sent: whatever happens, the server cannot have taken the message.
const OFFERED: u8 = 0;
/// It has, or a part of it; the answer has not come.
const UNANSWERED: u8 = 1;
/// The answer has come.
const REFUSED: u8 = 2;
const ACCEPTED: u8 = 3;

impl<'a> Transaction<'a> {
    pub(super) fn new(mail: &'a OutgoingMail) -> Self {
        Self {
            from: ascii_address(mail.sender()),
            to: ascii_address(mail.recipient()),
            bytes: &mail.bytes,
            progress: AtomicU8::new(OFFERED),
        }
    }

    /// Whether the server has said that it took the message.
    pub(super) fn is_accepted(&self) -> bool {
        self.progress.load(Ordering::Relaxed) == ACCEPTED
    }

    /// Whether the server may have taken the message without our knowing.
    pub(super) fn is_unanswered(&self) -> bool {
        self.progress.load(Ordering::Relaxed) == UNANSWERED
    }

    pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        client: &mut SmtpClient<S>,
        helo: &str,
    ) -> Result<(), SmtpError> {
        let mut parameters = Parameters::new();
        if !self.from.is_ascii() || !self.to.is_ascii() {
            // Such a local part travels only where every hop speaks SMTPUTF8 (RFC 6531).
            let capabilities = client
                .capabilities(helo, false)
                .await
                .map_err(SmtpError::connecting)?;
            if !capabilities.has_capability(smtp_proto::EXT_SMTP_UTF8) {
                return Err(SmtpError::NeedsSmtpUtf8);
            }
            parameters.add("SMTPUTF8");
        }
        let mail = format!("MAIL FROM:<{}>{parameters}\r\n", self.from);
        self.command(client, Step::Sender, &mail, 250).await?;
        let recipient = format!("RCPT TO:<{}>\r\n", self.to);
        self.command(client, Step::Recipient, &recipient, 250)
            .await?;
        self.command(client, Step::Message, "DATA\r\n", 354).await?;
        self.content(client).await
    }

    async fn command<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        client: &mut SmtpClient<S>,
        step: Step,
        command: &str,
        wanted: u16,
    ) -> Result<(), SmtpError> {
        let reply = client.cmd(command).await.map_err(SmtpError::connecting)?;
        // By the class, for 251 takes a recipient as well.
        if reply.code / 100 == wanted / 100 {
            Ok(())
        } else {
            Err(self.refused(step, &reply))
        }
    }

    /// The message itself. mail-send would do this too, but not say whether the final dot was sent.
    async fn content<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        client: &mut SmtpClient<S>,
    ) -> Result<(), SmtpError> {
        let stuffed = dots_stuffed(self.bytes);
        client.stream.write_all(&stuffed).await?;
        client.stream.flush().await?;
        self.progress.store(UNANSWERED, Ordering::Relaxed);
        client.stream.write_all(b".\r\n").await?;
        client.stream.flush().await?;
        let reply = client.read().await.map_err(SmtpError::connecting)?;
        match reply.code {
            200..=299 => {
                self.progress.store(ACCEPTED, Ordering::Relaxed);
                Ok(())
            }
            400..=599 => {
                self.progress.store(REFUSED, Ordering::Relaxed);
                Err(self.refused(Step::Message, &reply))
            }
            // No answer to what was said.
            _ => Err(self.refused(Step::Message, &reply)),
        }
    }

    fn refused(&self, step: Step, reply: &smtp_proto::Response<String>) -> SmtpError {
        let addresses = [self.from.as_str(), self.to.as_str()];
        SmtpError::Refused(step, Reply::new(reply, addresses))
    }
}

/// A dot at the beginning of a line is doubled (RFC 5321, section 4.5.2), and the last line ends. Lines end in CRLF here;
/// should a CR or an LF ever stand alone, a dot behind it is doubled too, for some servers take that for a line end.
fn dots_stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(bytes.len() + 64);
    let mut begins_line = true;
    for &byte in bytes {
        if byte == b'.' && begins_line {
            stuffed.push(b'.');
        }
        stuffed.push(byte);
        begins_line = matches!(byte, b'\r' | b'\n');
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_line_of_a_message_is_the_final_dot() {
        for (text, stuffed) in [
            ("", "\r\n"),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            (".", "..\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n"),
            ("a\r\n..\r\n", "a\r\n...\r\n"),
            ("a\n.\r\nQUIT", "a\n..\r\nQUIT\r\n"),
            ("a\r.\r\nQUIT", "a\r..\r\nQUIT\r\n"),
            ("a.b\r\n", "a.b\r\n"),
        ] {
            let found = dots_stuffed(text.as_bytes());
            assert_eq!(String::from_utf8(found).unwrap(), stuffed, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_the_final_dot_however_lines_end(text in "[a.\r\n ]{0,40}") {
            let stuffed = String::from_utf8(dots_stuffed(text.as_bytes())).unwrap();
            prop_assert!(stuffed.ends_with("\r\n"));
            let mut lines = stuffed.split(['\r', '\n']);
            prop_assert!(lines.all(|line| line != "."), "{stuffed:?}");
        }

        #[test]
        fn a_server_gets_back_what_was_sent(text in "(a|\\.| |\r\n){0,40}") {
            let stuffed = String::from_utf8(dots_stuffed(text.as_bytes())).unwrap();
            // It takes one dot off each line that begins with one.
            let lines = stuffed.split("\r\n");
            let lines = lines.map(|line| line.strip_prefix('.').unwrap_or(line));
            let got = lines.collect::<Vec<_>>().join("\r\n");
            let sent = if text.ends_with("\r\n") {
                text
            } else {
                text + "\r\n"
            };
            prop_assert_eq!(got, sent);
        }
    }
}
