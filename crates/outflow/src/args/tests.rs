//! The command line, as a user types it.

use outflow_pgoutput::Lsn;

use super::*;

/// Reads a line that is right.
fn read(line: &str) -> Args {
    Args::read(line.split(' ')).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_tree_is_sound() {
    Args::clap().debug_assert();
}

#[test]
fn common_options_may_stand_at_every_level_and_none_is_lost() {
    let args = read("outflow --set a=1 -b x:1,y:2 slot --set b=2 list -c f.toml -b z:3 -o json");
    let keys: Vec<_> = args.global.set.iter().map(|s| s.key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(args.global.brokers, ["x:1", "y:2", "z:3"]);
    assert_eq!(args.global.config, Some(PathBuf::from("f.toml")));
    assert!(matches!(args.command, Command::Slot { output, .. } if output.output == Output::Json));
}

#[test]
fn an_assignment_is_split_outside_of_quotes() {
    let set = assignment("kafka.properties.\"a=b\" = x=y").ok().unwrap();
    assert_eq!(
        (set.key.as_str(), set.value.as_str()),
        ("kafka.properties.\"a=b\"", " x=y")
    );
    assert!(assignment("kafka.brokers").is_err());
}

#[test]
fn ack_is_refused_with_kafka() {
    let error = Args::read(["outflow", "run", "--ack"]).err().unwrap();
    assert_eq!(
        (error.kind(), error.exit_code()),
        (ErrorKind::ArgumentConflict, 2)
    );
    assert!(matches!(
        read("outflow run --sink stdout --ack").command,
        Command::Run(_)
    ));
}

#[test]
fn a_later_command_takes_whatever_is_written() {
    let args = read("outflow outbox prune --older-than 7d -c x");
    assert!(matches!(args.command, Command::Outbox(later) if later.rest.len() == 5));
}

#[test]
fn positions_are_read_as_postgresql_writes_them() {
    let args = read("outflow slot advance --to 16/B374D848");
    let Command::Slot {
        command: SlotCommand::Advance { to, .. },
        ..
    } = args.command
    else {
        panic!("another command")
    };
    assert_eq!(to, AdvanceTo::Lsn(Lsn::new(0x16_B374_D848)));
}
