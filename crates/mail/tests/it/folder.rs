//! The folder of `.eml` files.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scheduling_core::notification::Audience;
use scheduling_core::ports::{DeliveryErrorKind, Notifier};
use scheduling_mail::{Folder, OutgoingMail, Transport};

use crate::common::{confirmed_for, notifier, notifier_over};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mail(message_id: &str, text: &str) -> OutgoingMail {
    let composed = notifier().compose(&confirmed_for(Audience::Invitee));
    OutgoingMail {
        message_id: message_id.to_owned(),
        bytes: text.as_bytes().to_vec(),
        ..composed.unwrap()
    }
}

const TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_message_sent_twice_is_one_file() {
    let top = tempfile::tempdir().unwrap();
    let path = top.path().join("data/mails");
    let notifier_to_folder = notifier_over(Arc::new(Folder::new(&path)));
    let notification = confirmed_for(Audience::Invitee);
    for _try in 0..3 {
        notifier_to_folder.notify(&notification).await.unwrap();
    }
    assert_eq!(names(&path), ["0193a000-0000-7000-8000-0000000000ff.eml"]);
    assert_eq!(
        fs::read(path.join("0193a000-0000-7000-8000-0000000000ff.eml")).unwrap(),
        notifier().compose(&notification).unwrap().bytes
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let top = tempfile::tempdir().unwrap();
    let path = top.path().join("mails");
    Folder::new(&path)
        .send(&mail("a@example.org", "x"), TIME)
        .await
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("a.eml")), 0o600);
}

#[tokio::test]
async fn a_strange_message_id_stays_inside_the_folder() {
    let top = tempfile::tempdir().unwrap();
    let path = top.path().join("mails");
    Folder::new(&path)
        .send(&mail("../../etc/x\0y@example.org", "x"), TIME)
        .await
        .unwrap();
    assert_eq!(names(&path), ["______etc_x_y.eml"]);
}

#[tokio::test]
async fn many_tries_at_once_leave_one_whole_file() {
    let top = tempfile::tempdir().unwrap();
    let folder = Folder::new(top.path());
    let text = "line\r\n".repeat(20_000);
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let folder = folder.clone();
            let mail = mail("same@example.org", &text);
            tokio::spawn(async move { folder.send(&mail, TIME).await })
        })
        .collect();
    for one in tries {
        one.await.unwrap().unwrap();
    }
    assert_eq!(names(top.path()), ["same.eml"]);
    assert_eq!(
        fs::read_to_string(top.path().join("same.eml")).unwrap(),
        text
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_tried_again_later() {
    let top = tempfile::tempdir().unwrap();
    let path = top.path().join("not-a-folder");
    fs::write(&path, "a file").unwrap();
    let error = Folder::new(&path)
        .send(&mail("a@example.org", "x"), TIME)
        .await
        .unwrap_err();
    assert_eq!(error.kind, DeliveryErrorKind::Unavailable);
}
