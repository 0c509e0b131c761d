//! API tokens: for programs, in one workspace, with some scopes and never more power than their owner has.

use chrono::{DateTime, Utc};
use scheduling_core::directory::Role;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, Slug, Title};
use serde_json::json;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::idempotent::{self, Idempotent, KeyReused, Made};
use crate::ids::TokenId;
use crate::ports::AccountUnitOfWork;
use crate::principal::{
    self, AccessError, AuthorizeError, Membership, Principal, PrincipalKind, WorkspaceRef,
};
use crate::scope::Scopes;
use crate::secret::ApiTokenText;
use crate::sessions::noted;

/// How many tokens a person may have in one workspace.
pub const MOST_TOKENS: usize = 50;

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// The one workspace it is good in.
    pub workspace: WorkspaceId,
    /// Whose power it has.
    pub user: UserId,
    /// What for, in its owner's words.
    pub name: Title,
    /// The beginning of its text, by which people recognise it.
    pub visible: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take a few minutes.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What a new token shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What for.
    pub name: Title,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token that was made. Its text is there once: not kept, and not in the answer to a repeated request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedToken {
    /// The token.
    pub token: ApiToken,
    /// Its text; `None` in a replay.
    pub text: Option<ApiTokenText>,
}

/// Whose tokens are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// One's own.
    Own,
    /// Everybody's in the workspace: for owners and admins.
    Everybody,
}

/// Why no token was made, shown or revoked.
#[derive(Debug, Error)]
pub enum TokenError {
    /// There is no such token, or it is not his to know of.
    #[error("there is no such token")]
    NotFound,
    /// A token without scopes could do nothing.
    #[error("must have at least one scope")]
    NoScopes,
    /// A token would have ended before it began.
    #[error("must end in the future")]
    EndsInThePast,
    /// He has [`MOST_TOKENS`] tokens there.
    #[error("must not be more than {MOST_TOKENS} tokens")]
    TooManyTokens,
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The idempotency key was used for something else.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AuthorizeError> for TokenError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Access(error) => Self::Access(error),
            AuthorizeError::Storage(error) => Self::Storage(error),
        }
    }
}

impl Accounts {
    /// Who has the API token with this text. `None` for anything that is no live token: unknown, expired, revoked, or
    /// of somebody who is no member of its workspace any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn authenticate_token(&self, text: &str) -> Result<Option<Principal>, StorageError> {
        let Ok(text) = text.parse::<ApiTokenText>() else {
            return Ok(None);
        };
        let now = self.ports().clock.now();
        let mut work = self.read().await?;
        let found = work.api_tokens().by_secret(&text.hash(), now).await?;
        drop(work);
        let Some(token) = found else {
            return Ok(None);
        };
        let noted_every = self.settings().sessions.noted_every;
        if token.last_used_at.is_none_or(|at| now - at >= noted_every) {
            noted("token", self.touch_token(token.id, now).await);
        }
        Ok(Some(Principal {
            user: token.user,
            kind: PrincipalKind::Token {
                id: token.id,
                workspace: token.workspace,
                scopes: token.scopes,
            },
        }))
    }

    async fn touch_token(&self, id: TokenId, now: DateTime<Utc>) -> Result<(), StorageError> {
        let mut work = self.begin().await?;
        let touched = work.api_tokens().touch(id, now).await;
        settle(work, touched).await
    }

    /// Makes an API token of his own in a workspace. Its text is in the answer, once; a repeated request with the same
    /// idempotency key hears of the token without its text.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn create_token(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        token: &NewToken,
        request: Option<&Idempotent>,
    ) -> Result<Made<CreatedToken>, TokenError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let made = self
            .create_own_token(&mut *work, principal, workspace, token, request)
            .await;
        settle(work, made).await
    }

    async fn create_own_token(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        token: &NewToken,
        request: Option<&Idempotent>,
    ) -> Result<Made<CreatedToken>, TokenError> {
        // Held, so that whoever is being removed leaves no token behind.
        let held = principal::find_held(work, principal, workspace).await?;
        let membership = held.ok_or(AccessError::NotFound)?;
        let now = self.ports().clock.now();
        if let Some(made) = idempotent::claim(work, request, now).await?? {
            let token = work.api_tokens().get(TokenId::from_uuid(made)).await?;
            let token = token.filter(|token| token.user == principal.user);
            let token = token.ok_or(TokenError::NotFound)?;
            return Ok(Made::before(CreatedToken { token, text: None }));
        }
        let created = self
            .add_token(work, &membership, principal.user, token, now)
            .await?;
        idempotent::store(work, request, created.token.id.as_uuid()).await?;
        let note = AuditNote::by(principal, "token.created", created.token.id);
        self.note(work, about(note, &created.token)).await?;
        Ok(Made::now(created))
    }

    /// Makes an API token for a member, as the operator at the command line.
    ///
    /// # Errors
    /// [`TokenError`]; [`TokenError::NotFound`] when there is no such workspace, or nobody with the address is a member
    /// of it.
    pub async fn create_token_for(
        &self,
        workspace: &Slug,
        email: &EmailAddress,
        token: &NewToken,
    ) -> Result<CreatedToken, TokenError> {
        let mut work = self.begin().await?;
        let made = self
            .create_token_for_in(&mut *work, workspace, email, token)
            .await;
        settle(work, made).await
    }

    async fn create_token_for_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        workspace: &Slug,
        email: &EmailAddress,
        token: &NewToken,
    ) -> Result<CreatedToken, TokenError> {
        let workspace = work.directory().workspace_by_slug(workspace).await?;
        let workspace = workspace.ok_or(TokenError::NotFound)?;
        let person = work.directory().person_by_email(email).await?;
        let person = person.ok_or(TokenError::NotFound)?;
        work.members().lock(workspace.id).await?;
        let role = work.members().role(workspace.id, person.id).await?;
        let role = role.ok_or(TokenError::NotFound)?;
        let membership = Membership { workspace, role };
        let now = self.ports().clock.now();
        let created = self
            .add_token(work, &membership, person.id, token, now)
            .await?;
        let note = AuditNote::by_operator("token.created", created.token.id);
        self.note(work, about(note, &created.token)).await?;
        Ok(created)
    }

    async fn add_token(
        &self,
        work: &mut dyn AccountUnitOfWork,
        membership: &Membership,
        user: UserId,
        new: &NewToken,
        now: DateTime<Utc>,
    ) -> Result<CreatedToken, TokenError> {
        let ports = self.ports();
        if new.scopes.is_empty() {
            return Err(TokenError::NoScopes);
        }
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(TokenError::EndsInThePast);
        }
        let mut tokens = work.api_tokens().of_user(user).await?;
        tokens.retain(|token| token.workspace == membership.workspace.id);
        if tokens.len() >= MOST_TOKENS {
            return Err(TokenError::TooManyTokens);
        }
        let text = ApiTokenText::generate(&*ports.secrets);
        let token = ApiToken {
            id: TokenId::generate(&*ports.ids),
            workspace: membership.workspace.id,
            user,
            name: new.name.clone(),
            visible: text.visible(),
            scopes: new.scopes.clone(),
            created_at: now,
            last_used_at: None,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        work.api_tokens().insert(&token, &text.hash()).await?;
        Ok(CreatedToken {
            token,
            text: Some(text),
        })
    }

    /// The tokens of a workspace that were not revoked, newest first; expired ones are among them.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn tokens(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        whose: Whose,
    ) -> Result<Vec<ApiToken>, TokenError> {
        principal.signed_in()?;
        let mut work = self.read().await?;
        let found = principal::find(&mut *work, principal, workspace).await?;
        let membership = found.ok_or(AccessError::NotFound)?;
        if whose == Whose::Everybody && !membership.role.manages() {
            return Err(AccessError::Role(Role::Admin).into());
        }
        let mut tokens = work
            .api_tokens()
            .of_workspace(membership.workspace.id)
            .await?;
        tokens.retain(|token| whose == Whose::Everybody || token.user == principal.user);
        Ok(tokens)
    }

    /// His own tokens in all workspaces that were not revoked, newest first.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn my_tokens(&self, principal: &Principal) -> Result<Vec<ApiToken>, TokenError> {
        principal.signed_in()?;
        let mut work = self.read().await?;
        Ok(work.api_tokens().of_user(principal.user).await?)
    }

    /// Revokes a token of his own, or as an owner or admin one of the workspace.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn revoke_token(
        &self,
        principal: &Principal,
        token: TokenId,
    ) -> Result<(), TokenError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let revoked = self.revoke_token_in(&mut *work, principal, token).await;
        settle(work, revoked).await
    }

    async fn revoke_token_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        token: TokenId,
    ) -> Result<(), TokenError> {
        let found = work.api_tokens().get(token).await?;
        let token = found.ok_or(TokenError::NotFound)?;
        if token.user != principal.user {
            let role = work.members().role(token.workspace, principal.user).await?;
            if !role.is_some_and(Role::manages) {
                return Err(TokenError::NotFound);
            }
        }
        let now = self.ports().clock.now();
        if !work.api_tokens().revoke(token.id, now).await? {
            return Err(TokenError::NotFound);
        }
        let note = AuditNote::by(principal, "token.revoked", token.id);
        Ok(self.note(work, about(note, &token)).await?)
    }
}

fn about(note: AuditNote, token: &ApiToken) -> AuditNote {
    note.within(token.workspace).detailed(json!({
        "name": token.name.as_str(),
        "scopes": token.scopes.to_string(),
        "owner": token.user.to_string(),
    }))
}
