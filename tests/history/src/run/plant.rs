//! Bugs that are planted, to see that they are found.

use std::fmt;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// The database no longer refuses claims that overlap.
    NoConstraint,
    /// Hosts are not locked, nor their revisions raised. Needs a binary with the feature `fault-injection`.
    NoLocks,
    /// A commit is acknowledged before it is written down, so that a crash takes it back.
    NoDurability,
    /// Revisions of hosts do not grow, so that computed slots seem to hold.
    NoRevisions,
    /// One in fifty effects is dropped on its way into the outbox.
    LostEffects,
    /// One in fifty effects is owed twice, under two ids.
    DoubleEffects,
    /// Credits of the rotation are off by one now and then.
    Miscredit,
    /// One in fifty history entries is dropped.
    LostHistory,
    /// One in fifty claims is dropped.
    LostClaims,
    /// Idempotency keys are forgotten at once.
    ForgottenKeys,
    /// Time that was given back stays claimed, now and then.
    StrayClaims,
}

/// Makes a trigger that swallows, or repeats, what is written.
fn trigger(name: &str, table: &str, when: &str, body: &str) -> String {
    format!(
        "create function {name}() returns trigger language plpgsql as $$ begin {body} end $$;
         create trigger {name} {when} on {table} for each row execute function {name}();"
    )
}

const SELDOM: &str = "random() < 0.02";

impl Plant {
    /// The statements that plant it in a PostgreSQL database; none where another place is needed.
    pub fn statements(self) -> Option<String> {
        let drop_seldom = |table| {
            trigger(
                "planted",
                table,
                "before insert",
                &format!("if {SELDOM} then return null; end if; return new;"),
            )
        };
        Some(match self {
            Self::NoConstraint => "alter table claims drop constraint claims_disjoint;
                alter table claims drop constraint claims_pkey;"
                .to_owned(),
            Self::NoLocks => return None,
            Self::NoDurability => "alter system set synchronous_commit = off;
                alter system set wal_writer_delay = '10s';
                alter system set wal_writer_flush_after = 0;
                select pg_reload_conf();"
                .to_owned(),
            Self::NoRevisions => trigger(
                "planted",
                "people",
                "before update of revision",
                "new.revision := old.revision; return new;",
            ),
            Self::LostEffects => drop_seldom("outbox"),
            Self::DoubleEffects => trigger(
                "planted",
                "outbox",
                "after insert",
                &format!(
                    "if {SELDOM} and pg_trigger_depth() = 1 then
                        insert into outbox (id, kind, payload, due_at, status, created_at, workspace_id, booking_id)
                        values (gen_random_uuid(), new.kind, new.payload, new.due_at, new.status, new.created_at,
                            new.workspace_id, new.booking_id);
                    end if; return null;"
                ),
            ),
            Self::Miscredit => trigger(
                "planted",
                "rotation_entries",
                "before insert or update",
                &format!("if {SELDOM} then new.credit := new.credit + 1; end if; return new;"),
            ),
            Self::LostHistory => drop_seldom("booking_history"),
            Self::LostClaims => drop_seldom("claims"),
            Self::ForgottenKeys => trigger("planted", "idempotency_keys", "before insert", "return null;"),
            Self::StrayClaims => trigger(
                "planted",
                "claims",
                "before delete",
                &format!("if {SELDOM} then return null; end if; return old;"),
            ),
        })
    }

    /// The variable of the environment that plants it in a binary with faults.
    pub const fn variable(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::NoLocks => Some(("FAULTY_LOCKS", "off")),
            _ => None,
        }
    }
}

impl fmt::Display for Plant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            clap::ValueEnum::to_possible_value(self).map(|value| value.get_name().to_owned());
        f.write_str(&name.unwrap_or_default())
    }
}
