//! The slot moves, whatever else the server does.

use std::time::Duration;

use harness::{Broker, Major, PATIENCE, Postgres, wait_until};

use crate::service::{insert, service};

#[test]
fn an_idle_outbox_beside_a_busy_table_lets_the_slot_follow_within_five_seconds() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        database
            .sql()
            .batch("CREATE TABLE busy (n bigint, note text)");
        let outflow = service(&database, Broker::shared()).start();
        outflow.wait_for_line("streaming", PATIENCE);
        for _ in 0..3 {
            database.sql().batch(
                "INSERT INTO busy SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n",
            );
            let end = database.wal_end();
            wait_until(Duration::from_secs(5), "the slot to follow", || {
                database.has_confirmed(&end)
            });
        }
        assert!(outflow.stop().success());
        harness::compat::works("Events: the slot follows beside a busy table", major);
    }
}

#[test]
fn a_second_instance_stands_by_and_takes_over() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    let leader = service(&database, broker).start();
    leader.wait_for_line("streaming", PATIENCE);
    let standby = service(&database, broker).start();
    standby.wait_for_line("standing by", PATIENCE);
    insert(&database, &aggregate, "1", "{}");
    let mut reader = broker.reader(&[&topic]);
    reader.until(PATIENCE, |records| records.len() == 1);

    leader.kill9();
    standby.wait_for_line("streaming", Duration::from_secs(5));
    insert(&database, &aggregate, "2", "{}");
    reader.until(PATIENCE, |records| {
        records.iter().any(|record| record.key_text() == "2")
    });

    // An orderly stop hands over without a repeat.
    let third = service(&database, broker).start();
    third.wait_for_line("standing by", PATIENCE);
    assert!(standby.stop().success());
    third.wait_for_line("streaming", Duration::from_secs(5));
    insert(&database, &aggregate, "3", "{}");
    reader.until(PATIENCE, |records| {
        records.iter().any(|record| record.key_text() == "3")
    });
    let twos = reader
        .records()
        .iter()
        .filter(|record| record.key_text() == "2")
        .count();
    assert_eq!(twos, 1, "confirmed at the stop, and not sent again");
    assert!(third.stop().success());
}
