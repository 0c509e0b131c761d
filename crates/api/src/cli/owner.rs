//! `owner` and `password-link`: the first one who can sign in, and a way in for those who cannot.

use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use chrono_tz::Tz;
use scheduling_accounts::workspaces::{FirstOwner, NewWorkspace};
use scheduling_core::ports::Links as _;
use scheduling_core::text::{EmailAddress, PersonName, Slug, Title};
use secrecy::SecretString;

use super::{Ending, Global, Out, block_on};
use crate::compose;
use crate::telemetry::log;

/// What `owner` takes.
#[derive(Debug, clap::Args)]
pub(super) struct OwnerArgs {
    /// The workspace's part of links, such as northwind; one that setup files have made is taken as it is
    #[arg(long, value_name = "SLUG")]
    workspace: Slug,
    /// The workspace's name, where it is new; its slug without it
    #[arg(long, value_name = "NAME")]
    workspace_name: Option<Title>,
    /// The owner's name
    #[arg(long)]
    name: PersonName,
    /// The owner's mail address, which signs in
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    /// The zone the owner lives in, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    timezone: Tz,
}

pub(super) fn owner(global: &Global, args: &OwnerArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let workspace = NewWorkspace {
        slug: args.workspace.clone(),
        name: match &args.workspace_name {
            Some(name) => name.clone(),
            None => args.workspace.as_str().parse()?,
        },
        description: None,
    };
    let owner = FirstOwner {
        name: args.name.clone(),
        email: args.email.clone(),
        timezone: args.timezone,
    };
    let password = password()?;
    let (workspace, person, sign_in) = block_on(async {
        let storage = compose::storage(&config).await?;
        compose::usable(&config, &storage).await?;
        storage.migrate().await?;
        let composed = compose::compose(&config, storage).await?;
        let made = composed
            .accounts
            .create_first_owner(&workspace, &owner, &password);
        let (workspace, person) = made.await?;
        let sign_in = composed.kalends.urls.sign_in();
        Ok::<_, Box<dyn std::error::Error>>((workspace, person, sign_in))
    })?;
    let mut out = Out::stdout();
    out.line(format!(
        "{} owns {}, and signs in as {} at {sign_in}",
        person.name, workspace.name, person.email
    ))?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The password, from the terminal without showing it, or from standard input where that is no terminal.
fn password() -> Result<SecretString, Box<dyn std::error::Error>> {
    if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        let again = rpassword::prompt_password("Once more: ")?;
        if first != again {
            return Err("the two are not the same".into());
        }
        return Ok(first.into());
    }
    let mut text = String::new();
    io::stdin().lock().take(10_000).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

/// What `password-link` takes.
#[derive(Debug, clap::Args)]
pub(super) struct PasswordLinkArgs {
    /// Whose password is to be set
    email: EmailAddress,
}

pub(super) fn password_link(global: &Global, args: &PasswordLinkArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let (link, url) = block_on(async {
        let storage = compose::storage(&config).await?;
        let composed = compose::compose(&config, storage).await?;
        let link = composed.accounts.issue_password_link(&args.email).await?;
        let url = composed
            .kalends
            .urls
            .reset_password(&link.token.to_string());
        Ok::<_, Box<dyn std::error::Error>>((link, url))
    })?;
    let mut out = Out::stdout();
    out.line(format!(
        "{} sets a password here, once, until {}:",
        link.person.name,
        link.expires_at.format("%Y-%m-%d %H:%M UTC")
    ))?;
    out.line(url)?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
