//! The process is killed, at any moment, and started again.

use harness::{Broker, Major, PATIENCE, Postgres, Writers, check_topic, wait_until};

use crate::service::service;

#[test]
fn killed_ten_times_on_the_way_nothing_is_missing_and_keys_stay_in_order() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    let writers = Writers::start(&database, &aggregate, 8, 100_000);

    let mut reader = broker.reader(&[&topic]);
    let mut outflow = service(&database, broker).start();
    for kill in 1..=10 {
        // Each kill comes after some thousand more records, while the writers go on or have left a backlog.
        let before = reader.records().len();
        reader.until(PATIENCE, |records| records.len() >= before + 4_000);
        outflow.kill9();
        outflow = service(&database, broker).start();
        println!("kill {kill} at {before} records and more");
    }
    wait_until(PATIENCE * 2, "the writers to end", || writers.have_ended());
    let history = writers.wait();
    assert_eq!(history.len(), 100_000);
    let repeats = check_topic(&database, broker, &topic, &history);
    println!("{repeats} repeats");
    assert!(outflow.stop().success());
}
