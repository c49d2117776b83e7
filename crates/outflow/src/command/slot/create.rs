//! `outflow slot create`.

use outflow_event_router::TableName;
use outflow_pgoutput::Lsn;
use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::{
    self, OpenTransaction, Publication, RowCount, ServerFacts, SlotInfo, Table,
};
use serde_json::{Value as Json, json};
use tokio_postgres::Client;

use super::{Session, view};
use crate::args::Output;
use crate::command::confirm::print_sql;
use crate::command::publication::make;
use crate::exit::{Exit, Failure, psql};
use crate::setup::{
    Created, SlotCreation, check_publication, check_server, check_slot, missing_publication,
};
use crate::shutdown::Shutdown;
use crate::{human, output};

/// What is to be made.
pub(super) struct Wanted {
    /// The tables of the publication, if that is to be made too.
    pub publication: Option<Vec<TableName>>,
    /// Whether the SQL is only shown.
    pub dry_run: bool,
}

/// Rows that were there before the slot.
struct Unsent {
    /// Their table.
    table: String,
    /// How many there are.
    rows: RowCount,
    /// What writes them anew.
    sql: Option<String>,
}

/// Makes the slot, and the publication first if that is wanted; is content with what is there.
pub(super) async fn create(
    session: &Session<'_>,
    name: &SlotName,
    wanted: Wanted,
) -> Result<(), Failure> {
    let client = session.connect().await?;
    let facts = ServerFacts::read(&client).await?;
    check_server(&facts)?;
    let existing = SlotInfo::find(&client, name).await?;
    if let Some(slot) = &existing {
        check_slot(slot, &facts)?;
    }
    let publication = &session.config.postgres.publication;
    if existing.is_some() && Publication::find(&client, publication).await?.is_none() {
        return Err(Failure::slot_before_publication(name, publication));
    }
    let (tables, sql) = publish(session, &client, &facts, &wanted).await?;
    if wanted.dry_run {
        let create = existing.is_none().then(|| catalog::create_slot_sql(name));
        say_existing(existing.as_ref());
        let sql: Vec<String> = sql.into_iter().chain(create).collect();
        return print_sql("slot.create", &sql, session.output);
    }
    let made = match existing {
        Some(_) => None,
        None => make_slot(session, &client, name, facts.in_recovery).await?,
    };
    let Some(lsn) = made else {
        let found = SlotInfo::find(&client, name).await?;
        let slot = found.ok_or_else(|| Failure::slot_physical(name))?;
        check_slot(&slot, &facts)?;
        say_existing(Some(&slot));
        return report(session, &slot, false, &[]);
    };
    let unsent = unsent_rows(&client, &tables).await;
    match session.output {
        Output::Human => output::print(&format!("slot \"{name}\" created at {lsn}\n"))?,
        Output::Json => report(session, &session.find(&client, name).await?, true, &unsent)?,
    }
    for unsent in &unsent {
        say_unsent(unsent, &facts.database);
    }
    Ok(())
}

/// Finds the publication, or makes it; gives its tables, and the SQL where nothing is done.
async fn publish(
    session: &Session<'_>,
    client: &Client,
    facts: &ServerFacts,
    wanted: &Wanted,
) -> Result<(Vec<Table>, Vec<String>), Failure> {
    let (name, outbox) = (&session.config.postgres.publication, &session.config.outbox);
    if let Some(tables) = &wanted.publication {
        let made = make(session.config, client, facts, name, tables, wanted.dry_run).await?;
        human::say(made.to_string());
        return Ok((made.tables, made.sql));
    }
    let Some(found) = Publication::find(client, name).await? else {
        let missing = missing_publication(client, name, outbox, &facts.database).await?;
        return Err(missing.slot_needs_publication());
    };
    let (tables, warnings) = check_publication(client, &found, outbox, &facts.database).await?;
    warnings.iter().for_each(human::warn);
    Ok((tables, Vec::new()))
}

/// Makes the slot, and gives its position unless somebody else made it in the meantime; says what
/// it waits for, and makes none after Ctrl-C.
async fn make_slot(
    session: &Session<'_>,
    client: &Client,
    name: &SlotName,
    standby: bool,
) -> Result<Option<Lsn>, Failure> {
    let mut signals = Shutdown::listen()
        .map_err(|error| Failure::new(Exit::Other, "cannot listen to signals").because(error))?;
    let creation = SlotCreation {
        connect: session.connect,
        client,
        name,
    };
    let waiting = |open: &[OpenTransaction]| say_waiting(name, open, standby);
    match creation.run(waiting, signals.signalled()).await? {
        Created::At(lsn) => Ok(Some(lsn)),
        Created::ByOther => Ok(None),
        Created::Interrupted => Err(Failure::creation_interrupted(name)),
    }
}

/// Says what the creation waits for.
fn say_waiting(name: &SlotName, open: &[OpenTransaction], standby: bool) {
    if standby {
        human::say(
            "waiting for the primary to log its running transactions; there: \
             `psql -c \"SELECT pg_log_standby_snapshot()\"` (Ctrl-C gives up)",
        );
    }
    if open.is_empty() {
        return;
    }
    let number = u64::try_from(open.len()).unwrap_or(u64::MAX);
    human::say(format!(
        "slot \"{name}\" can only be created once {} that began before {} ended (Ctrl-C gives up):",
        human::count(number, "transaction"),
        if number == 1 { "has" } else { "have" },
    ));
    let header = [
        "PID",
        "USER",
        "DATABASE",
        "APPLICATION",
        "STATE",
        "OPEN FOR",
    ];
    human::say(human::table(
        &header,
        open.iter().map(waiting_row).collect(),
    ));
    if let Some(pid) = open.iter().find_map(|open| open.pid) {
        human::say(format!(
            "to end one: `psql -c \"SELECT pg_terminate_backend({pid})\"`"
        ));
    }
}

/// Makes the line of a transaction that is waited for.
fn waiting_row(open: &OpenTransaction) -> Vec<String> {
    let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let time = open
        .open_for
        .map_or_else(|| "-".to_owned(), human::duration);
    let (pid, state) = match (open.pid, &open.prepared) {
        (Some(pid), _) => (pid.to_string(), cell(&open.state)),
        (None, gid) => ("-".to_owned(), format!("prepared as {}", cell(gid))),
    };
    let (user, database) = (cell(&open.user), cell(&open.database));
    vec![pid, user, database, cell(&open.application), state, time]
}

/// Counts the rows that the tables hold already.
///
/// A table that may not be read is left out: this is only for people, and streaming needs no right
/// on it.
async fn unsent_rows(client: &Client, tables: &[Table]) -> Vec<Unsent> {
    let mut unsent = Vec::new();
    for table in tables {
        match catalog::count_rows(client, table, COUNT_LIMIT).await {
            Ok(RowCount::Exactly(0)) => {}
            Ok(rows) => unsent.push(Unsent {
                table: table.to_string(),
                rows,
                sql: catalog::insert_again_sql(client, table).await.ok(),
            }),
            Err(error) => {
                tracing::debug!(%table, error = %error, "the rows could not be counted");
                human::say(format!("{table} may hold rows already, which are not sent"));
            }
        }
    }
    unsent
}

/// Says that rows are not sent, and what sends them.
fn say_unsent(Unsent { table, rows, sql }: &Unsent, database: &str) {
    let rows = match rows {
        RowCount::Exactly(rows) => human::count(*rows, "row"),
        RowCount::MoreThan(rows) => format!("more than {rows} rows"),
    };
    human::say(format!(
        "{table} holds {rows} already, which the slot will not send: it begins now. \
         `outflow replay` will, in a later version"
    ));
    if let Some(sql) = sql {
        human::say(format!(
            "until then this writes them anew, all of them, and so sends them: `{}`",
            psql(database, sql)
        ));
    }
}

/// Says that there is nothing to create.
fn say_existing(slot: Option<&SlotInfo>) {
    if let Some(SlotInfo { name, database, .. }) = slot {
        human::say(format!(
            "slot \"{name}\" exists already, for pgoutput and database \"{database}\""
        ));
    }
}

/// Prints the JSON.
fn report(
    session: &Session<'_>,
    slot: &SlotInfo,
    created: bool,
    unsent: &[Unsent],
) -> Result<(), Failure> {
    let unsent: Vec<Json> = unsent
        .iter()
        .map(|Unsent { table, rows, sql }| {
            let (rows, exact) = match rows {
                RowCount::Exactly(rows) => (rows, true),
                RowCount::MoreThan(rows) => (rows, false),
            };
            json!({ "table": table, "rows": rows, "exact": exact, "sql": sql })
        })
        .collect();
    match session.output {
        Output::Human => Ok(()),
        Output::Json => output::print_json(&json!({
            "schema": "outflow.slot.create/v1",
            "created": created,
            "slot": view::json(slot),
            "unsent": unsent,
        })),
    }
}

/// Where counting stops.
const COUNT_LIMIT: u64 = 1_000_000;
