//! `token`: an API token for a member.

use std::process::ExitCode;

use chrono::TimeDelta;
use scheduling_accounts::Scopes;
use scheduling_accounts::tokens::NewToken;
use scheduling_core::text::{EmailAddress, Slug, Title};

use super::{Ending, Global, Out, block_on};
use crate::compose;
use crate::telemetry::log;

/// What `token` takes.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    /// The workspace
    #[arg(long, value_name = "SLUG")]
    workspace: Slug,
    /// The member as whom it acts
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    /// What it is for, as lists show it
    #[arg(long)]
    name: Title,
    /// What it may do, such as `bookings:read event_types:write`; see the API's description
    #[arg(long)]
    scopes: Scopes,
    /// In how many days it ends; never without it
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: Option<u16>,
}

pub(super) fn run(global: &Global, args: &TokenArgs) -> Ending {
    let config = global.load()?;
    log::lines_alone(&config)?;
    let created = block_on(async {
        let storage = compose::storage(&config).await?;
        let composed = compose::compose(&config, storage).await?;
        let now = composed.kalends.clock.now();
        let new = NewToken {
            name: args.name.clone(),
            scopes: args.scopes.clone(),
            expires_at: args.days.map(|days| now + TimeDelta::days(days.into())),
        };
        let accounts = &composed.accounts;
        let created = accounts.create_token_for(&args.workspace, &args.email, &new);
        Ok::<_, Box<dyn std::error::Error>>(created.await?)
    })?;
    let text = created.text.ok_or("the token cannot be shown")?;
    let mut out = Out::stdout();
    // The token alone, so that a script can keep it. It is shown this once.
    out.line(text.to_string())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
