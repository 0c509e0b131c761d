//! `demo`: a made-up firm to try things out with.

use std::net::SocketAddr;
use std::path::Path;

use super::server::until_the_end;
use super::{Ending, Global, Out, block_on};
use crate::config::{Config, MailTransport, MailTransports};
use crate::telemetry::log;
use crate::{compose, demo, server};

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// The address and port to listen at
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(global: &Global, args: &DemoArgs) -> Ending {
    let mut config = Config::load(
        global.config.as_deref(),
        &global.overrides().set("http.listen", args.listen),
    )?;
    if global.data.is_none() {
        // Beside the real data, so that trying things out never touches it.
        config.data.folder = config.data.folder.join("demo");
    }
    // A demo is complete in its folder: it never writes to the real database and never sends a mail.
    config.database.url = None;
    config.mail.transport = MailTransports::only(MailTransport::Folder);
    config.mail.dkim.selector = None;
    config.mail.folder = None;
    if std::env::var_os("KALENDS_LOG__FILTER").is_none() {
        "warn".clone_into(&mut config.log.filter);
    }
    log::lines_alone(&config)?;
    block_on(async {
        let storage = compose::storage(&config).await?;
        storage.migrate().await?;
        let composed = compose::compose(&config, storage).await?;
        // Before the links are shown: they are no use when another server has the address.
        let listener = server::listen(&config)?;
        let links = demo::seed(&composed.kalends, &*composed.storage).await?;
        welcome(&config, &links)?;
        until_the_end(server::run(&config, listener, composed, true)).await
    })
}

fn welcome(config: &Config, links: &[demo::Link]) -> std::io::Result<()> {
    let mails = shown(&config.mail_folder());
    let mut out = Out::stdout();
    out.line("Northwind Advisory is open for bookings.")?;
    out.line("")?;
    for link in links {
        out.line(format!("  {:<28}{}", link.title, link.url))?;
    }
    out.line("")?;
    out.line(format!(
        "Hosts sign in at {}/sign-in as {} with the password: {}",
        config.public_url(),
        demo::OWNER,
        demo::PASSWORD
    ))?;
    out.line(format!("Mails land in {mails} as .eml files."))?;
    out.line(format!(
        "The API is described at {}/openapi.json. Ctrl-C ends the demo; starting it again goes on with the same data.",
        config.public_url()
    ))?;
    out.finish()
}

fn shown(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}
