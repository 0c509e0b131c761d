//! A house with people in it.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_accounts::invitations::{NewAccount, NewInvitation};
use scheduling_accounts::password::HashCost;
use scheduling_accounts::sessions::{NewSession, SignInContext};
use scheduling_accounts::settings::AccountSettings;
use scheduling_accounts::sign_in::SignInError;
use scheduling_accounts::workspaces::{FirstOwner, NewWorkspace};
use scheduling_accounts::{
    Accounts, AccountsBuilder, Idempotent, Principal, SecretToken, WorkspaceRef,
};
use scheduling_core::directory::Role;
use scheduling_core::effect::{AccountNotice, Effect};
use scheduling_core::ports::{Clock, Storage};
use scheduling_persistence::{ConnectOptions, LeaseClock, SeaOrmStorage, test_support};
use scheduling_testkit::{ManualClock, PlainSealer, SequenceIds, SequenceSecrets, builders};
use secrecy::SecretString;
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "plum tree rain";
pub(crate) const ANN: &str = "ann@halden.example";

/// Accounts over a fresh database.
pub(crate) struct House {
    pub(crate) accounts: Accounts,
    pub(crate) clock: ManualClock,
    pub(crate) storage: Arc<SeaOrmStorage>,
    ids: SequenceIds,
    secrets: SequenceSecrets,
    _folder: Option<TempDir>,
}

/// A mail about an account, out of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) name: Option<String>,
    pub(crate) to: String,
    pub(crate) about: AccountNotice,
    pub(crate) token: Option<String>,
}

/// Settings as they are, but for hashes that cost nothing.
pub(crate) fn settings() -> AccountSettings {
    let mut settings = AccountSettings::default();
    settings.hashing.cost = HashCost::new(64, 1, 1).unwrap();
    settings
}

pub(crate) fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

pub(crate) fn halden() -> WorkspaceRef {
    WorkspaceRef::Slug("halden".parse().unwrap())
}

pub(crate) fn request(key: &str, what: u8) -> Idempotent {
    Idempotent {
        scope: "test".to_owned(),
        key: key.to_owned(),
        fingerprint: [what; 32],
    }
}

impl House {
    async fn at(url: &str, folder: Option<TempDir>) -> Self {
        // The tests have a time of their own.
        let options = ConnectOptions {
            lease_clock: LeaseClock::Callers,
            ..ConnectOptions::default()
        };
        let storage = SeaOrmStorage::connect(url, &options).await.unwrap();
        storage.migrate().await.unwrap();
        let storage = Arc::new(storage);
        let clock = ManualClock::at(builders::instant("2026-11-21T09:00:00Z"));
        let (ids, secrets) = (SequenceIds::new(), SequenceSecrets::new());
        let mut house = Self {
            accounts: AccountsBuilder {
                storage: storage.clone(),
                clock: Arc::new(clock.clone()),
                ids: Arc::new(ids.clone()),
                secrets: Arc::new(secrets.clone()),
                sealer: Arc::new(PlainSealer),
                settings: settings(),
            }
            .build(),
            clock,
            storage,
            ids,
            secrets,
            _folder: folder,
        };
        house.accounts = house.with(settings());
        house
    }

    /// The same house by other settings.
    pub(crate) fn with(&self, settings: AccountSettings) -> Accounts {
        AccountsBuilder {
            storage: self.storage.clone(),
            clock: Arc::new(self.clock.clone()),
            ids: Arc::new(self.ids.clone()),
            secrets: Arc::new(self.secrets.clone()),
            sealer: Arc::new(PlainSealer),
            settings,
        }
        .build()
    }

    pub(crate) fn ids(&self) -> &SequenceIds {
        &self.ids
    }

    pub(crate) fn wait(&self, length: TimeDelta) {
        self.clock.advance(length);
    }

    /// Ann, who owns the workspace `halden` and is signed in.
    pub(crate) async fn owner(&self) -> Principal {
        let workspace = NewWorkspace {
            slug: "halden".parse().unwrap(),
            name: "Halden & Mills".parse().unwrap(),
            description: None,
        };
        let ann = FirstOwner {
            name: "Ann".parse().unwrap(),
            email: ANN.parse().unwrap(),
            timezone: Tz::Europe__Berlin,
        };
        self.accounts
            .create_first_owner(&workspace, &ann, &secret(PASSWORD))
            .await
            .unwrap();
        self.principal(ANN).await
    }

    pub(crate) async fn try_sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<NewSession, SignInError> {
        let context = SignInContext::default();
        self.accounts
            .sign_in(email, &secret(password), &context)
            .await
    }

    pub(crate) async fn principal(&self, email: &str) -> Principal {
        let session = self.try_sign_in(email, PASSWORD).await.unwrap();
        self.authenticate(&session.token).await.unwrap()
    }

    pub(crate) async fn authenticate(&self, token: &SecretToken) -> Option<Principal> {
        self.accounts
            .authenticate_session(&token.to_string())
            .await
            .unwrap()
    }

    /// Invites an address and answers the token of the mail.
    pub(crate) async fn invite(&self, by: &Principal, email: &str, role: Role) -> String {
        self.mails().await;
        let invitation = NewInvitation {
            email: email.parse().unwrap(),
            role,
        };
        self.accounts
            .invite(by, &halden(), &invitation, None)
            .await
            .unwrap();
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0).token.unwrap()
    }

    /// Somebody new who was invited, accepted and is signed in.
    pub(crate) async fn newcomer(&self, by: &Principal, name: &str, role: Role) -> Principal {
        let token = self.invite(by, &address(name), role).await;
        let accepted = self
            .accounts
            .accept(&token, &account(name), &SignInContext::default())
            .await
            .unwrap();
        assert_eq!(accepted.membership.role, role);
        self.authenticate(&accepted.session.token).await.unwrap()
    }

    /// A workspace of its own for somebody who has nothing to do with `halden`: he is signed in.
    pub(crate) async fn stranger(&self, by: &Principal) -> Principal {
        let stranger = self.newcomer(by, "Stranger", Role::Member).await;
        let workspace = NewWorkspace {
            slug: "elsewhere".parse().unwrap(),
            name: "Elsewhere".parse().unwrap(),
            description: None,
        };
        self.accounts
            .create_workspace(&stranger, &workspace, None)
            .await
            .unwrap();
        self.accounts.leave(&stranger, &halden()).await.unwrap();
        stranger
    }

    /// The mails that are owed, which then are no more.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let now = self.clock.now();
        let mut work = Storage::begin(&*self.storage).await.unwrap();
        let lasting = TimeDelta::minutes(1);
        let leased = work.outbox().lease(now, lasting, 1000).await.unwrap();
        let mut mails = Vec::new();
        for owed in leased {
            work.outbox().complete(owed.id, now, None).await.unwrap();
            let Effect::NotifyAccount {
                name,
                email,
                about,
                sealed_token,
            } = owed.effect.unwrap()
            else {
                panic!("accounts owe nothing else");
            };
            mails.push(Mail {
                name: name.map(String::from),
                to: email.into(),
                about,
                token: sealed_token.map(|sealed| {
                    let bytes = sealed.strip_prefix(PlainSealer::MARK).unwrap();
                    SecretToken::from_bytes(bytes.try_into().unwrap()).to_string()
                }),
            });
        }
        work.commit().await.unwrap();
        mails
    }

    /// The token of the link to set a password that somebody asks for.
    pub(crate) async fn reset_token(&self, email: &str) -> String {
        self.mails().await;
        self.accounts
            .request_password_reset(email, None)
            .await
            .unwrap();
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0).token.unwrap()
    }
}

pub(crate) fn address(name: &str) -> String {
    format!("{}@halden.example", name.to_lowercase())
}

pub(crate) fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.parse().unwrap(),
        timezone: Tz::Europe__Berlin,
        password: secret(PASSWORD),
    }
}

pub(crate) async fn on_sqlite<F, T>(test: F)
where
    F: FnOnce(House) -> T,
    T: Future<Output = ()>,
{
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("kalends.db").display());
    test(House::at(&url, Some(folder)).await).await;
}

pub(crate) async fn on_postgres<F, T>(test: F)
where
    F: FnOnce(House) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let run = |url: String| async move { test(House::at(&url, None).await).await };
    if !test_support::with_postgres(run).await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}

/// The tests of a module, on both databases.
macro_rules! both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::support::on_sqlite(super::$test).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                crate::support::on_postgres(super::$test).await;
            })*
        }
    };
}
pub(crate) use both;
