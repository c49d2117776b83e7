//! Updates, deletes and truncates, which never make a record.

use outflow_event_router::{
    Change, OnUpdate, OutboxConfig, RouteErrorKind, Router, Severity, SkipCause, TableName,
};
use outflow_pgoutput::{Message, Oid};

use crate::fixture::{DEBEZIUM, Fixture, TABLE, config};
use crate::wire::{self, Cell};

/// A changed row, whose payload was not sent again.
fn changed() -> Vec<Cell> {
    let mut cells = wire::row(&["7", "Order", "42", "OrderCreated", ""]);
    cells[4] = Cell::Unchanged;
    cells
}

fn updated(rule: OnUpdate) -> Result<(SkipCause, String), String> {
    let fixture = Fixture::new(config(|config| config.on_update = rule), DEBEZIUM);
    let frame = wire::update(TABLE, &changed());
    let Ok(Message::Update(update)) = Message::decode(&frame) else {
        panic!("no update")
    };
    match fixture.router.update(&update).unwrap() {
        Change::Skipped(skipped) => Ok((skipped.cause(), skipped.row_id().to_owned())),
        Change::Stop(refused) => Err(refused.to_string()),
    }
}

#[test]
fn an_update_is_what_the_settings_say() {
    let skipped = |severity| Ok((SkipCause::Update(severity), "7".to_owned()));
    assert_eq!(updated(OnUpdate::Warn), skipped(Severity::Warning));
    assert_eq!(updated(OnUpdate::Error), skipped(Severity::Error));
    insta::assert_snapshot!(updated(OnUpdate::Stop).unwrap_err(), @r#"row 7 of public.outbox was updated, and outbox.on_update is "stop""#);
}

#[test]
fn deletes_and_truncates_are_left_out() {
    let router = Fixture::new(OutboxConfig::default(), DEBEZIUM).router;
    let mut key = vec![Cell::Null; 5];
    key[0] = "7".into();
    let frame = wire::delete(TABLE, &key);
    let Ok(Message::Delete(delete)) = Message::decode(&frame) else {
        panic!("no delete")
    };
    let skipped = router.delete(&delete).unwrap();
    assert_eq!(
        (skipped.cause(), skipped.row_id()),
        (SkipCause::Delete, "7")
    );
    let skipped = router.truncate(Oid::new(TABLE)).unwrap();
    assert_eq!(
        (skipped.cause(), skipped.relation()),
        (SkipCause::Truncate, "public.outbox")
    );
}

#[test]
fn changes_of_other_tables_are_no_matter() {
    let mut fixture = Fixture {
        router: Router::new(config(|config| {
            config.on_update = OnUpdate::Stop;
            config.tables = vec![TableName::parse("elsewhere").unwrap()];
        })),
    };
    fixture.describe(DEBEZIUM).unwrap();
    let frame = wire::update(TABLE, &changed());
    let Ok(Message::Update(update)) = Message::decode(&frame) else {
        panic!("no update")
    };
    let Change::Skipped(skipped) = fixture.router.update(&update).unwrap() else {
        panic!("stopped");
    };
    assert_eq!(
        (skipped.cause(), skipped.relation()),
        (SkipCause::NotAnOutbox, "public.outbox")
    );
    let skipped = fixture.router.truncate(Oid::new(TABLE)).unwrap();
    assert_eq!(skipped.cause(), SkipCause::NotAnOutbox);
}

#[test]
fn an_unknown_table_is_an_error() {
    let router = Router::new(OutboxConfig::default());
    let error = router.truncate(Oid::new(5)).unwrap_err();
    assert_eq!(
        error.kind(),
        &RouteErrorKind::UnknownRelation { relation: 5 }
    );
    insta::assert_snapshot!(error, @"a change can't be read: no table was described under the number 5");
}
