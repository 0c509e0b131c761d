//! `kalends-history`: leads a run, and says what the judges find.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use scheduling_history::run::{Plan, Plant, Store, run};
use scheduling_history::{Case, Failure, Finding, judge};

/// Drives random clients against several nodes of Kalends that are killed meanwhile, and holds what they were told to what
/// is there afterwards. Ends with 0 when nothing is wrong, with 1 when something was found, and with 2 when it could not
/// be led to its end.
///
/// What one client does is the same for the same seed; how they meet is not, so a finding may need several runs to come
/// again. The folder that is kept has the whole record.
#[derive(Debug, Parser)]
struct Arguments {
    /// What the dice begin with; by default the time
    #[arg(long)]
    seed: Option<u64>,
    /// How many things clients do altogether
    #[arg(long, default_value_t = 6000)]
    operations: usize,
    /// How many clients
    #[arg(long, default_value_t = 12)]
    clients: usize,
    /// How many servers
    #[arg(long, default_value_t = 3)]
    servers: usize,
    /// How many workers
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// On how many days clients book: fewer days, more conflicts
    #[arg(long, default_value_t = 12)]
    days: u64,
    /// How long a client waits at most between two things, in milliseconds
    #[arg(long, default_value_t = 60)]
    pause: u64,
    /// Let nothing go wrong
    #[arg(long)]
    calm: bool,
    /// Use a SQLite file, with one server, in place of PostgreSQL
    #[arg(long)]
    sqlite: bool,
    /// Plant a bug; may be repeated
    #[arg(long, value_enum)]
    plant: Vec<Plant>,
    /// The binary; by default the one beside this one
    #[arg(long)]
    kalends: Option<PathBuf>,
    /// Where to keep what was recorded
    #[arg(long, default_value = "target/history")]
    folder: PathBuf,
    /// Judge what an earlier run recorded once more: the file `case.json` of its folder
    #[arg(long)]
    judge: Option<PathBuf>,
    /// How many findings of each judge are shown
    #[arg(long, default_value_t = 3)]
    show: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match lead(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "kalends-history: {error}");
            ExitCode::from(2)
        }
    }
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn lead(arguments: &Arguments) -> Result<usize, Failure> {
    if let Some(file) = &arguments.judge {
        let findings = judge::all(&Case::load(file)?);
        return show(&findings, arguments.show);
    }
    let beside = std::env::current_exe()?.with_file_name("kalends");
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(std::process::id()));
    let folder = arguments.folder.join(format!("{seed}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let store = if arguments.sqlite {
        Store::Sqlite {
            python: "python3".into(),
        }
    } else {
        Store::Postgres
    };
    let plan = Plan {
        kalends: arguments.kalends.clone().unwrap_or(beside),
        servers: if arguments.sqlite {
            1
        } else {
            arguments.servers
        },
        workers: arguments.workers,
        clients: arguments.clients,
        operations: arguments.operations,
        seed,
        days: arguments.days,
        pause: arguments.pause,
        mishaps: (!arguments.calm).then_some((1000, 4000)),
        workers_die: !arguments.calm,
        plants: arguments.plant.clone(),
        folder: folder.clone(),
        store,
        patience: Duration::from_mins(5),
    };
    say(&format!(
        "seed {seed}: {} clients do {} things; {} servers, {} workers, {}",
        plan.clients,
        plan.operations,
        plan.servers,
        plan.workers,
        if arguments.sqlite {
            "SQLite"
        } else {
            "PostgreSQL"
        }
    ))?;
    for plant in &plan.plants {
        say(&format!("planted: {plant}"))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let verdict = runtime.block_on(async {
        tokio::select! {
            verdict = run(&plan) => verdict,
            // What was started is stopped when it goes out of scope.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    })?;
    verdict.case.save(&folder.join("case.json"))?;
    say(&verdict.summary())?;
    show(&verdict.findings, arguments.show)
}

/// Shows what was found; answers how much.
fn show(findings: &[Finding], most: usize) -> Result<usize, Failure> {
    for (name, _) in judge::JUDGES {
        let found: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.judge == name)
            .collect();
        if found.is_empty() {
            continue;
        }
        say(&format!("{name}: {}", found.len()))?;
        for finding in found.iter().take(most) {
            say(&format!("  {}", finding.said))?;
        }
    }
    if findings.is_empty() {
        say("nothing is wrong")?;
    }
    Ok(findings.len())
}
