//! Whatever is configured: nothing panics, every error names its place, and no secret shows.
//!
//! `PROPTEST_CASES=20000` looks longer.

use std::ffi::OsString;
use std::path::PathBuf;

use annotate_snippets::Renderer;
use outflow_replication_slot::connect::{ConnInfo, ConnectConfig, Environment};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::Reading;
use super::layer::Sources;
use super::problem::{File, Problem};
use super::setting::ALL;
use super::tree::Origin;
use crate::args::{Assignment, Global};
use crate::connection::unusable;

/// A change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    /// Removes characters.
    Remove(Index, usize),
    /// Puts something in.
    Insert(Index, String),
    /// Ends it there.
    Cut(Index),
    /// Puts a line in once more, somewhere else.
    Repeat(Index, Index),
}

/// One value in one layer.
#[derive(Clone, Debug)]
enum Said {
    /// A line of the file.
    File(String, String),
    /// A variable.
    Environment(String, OsString),
    /// A `--set`.
    Set(String, String),
    /// The flag `-d`.
    Url(String),
    /// The flag `-b`.
    Brokers(Vec<String>),
}

/// Files to begin with: right ones, and wrong ones in every way that has a sample.
fn samples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/config");
    let files = ["valid", "invalid"]
        .into_iter()
        .flat_map(|kind| std::fs::read_dir(folder.join(kind)).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|kind| kind == "toml"));
    let mut texts: Vec<String> = files
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    texts.sort();
    assert!(texts.len() > 10);
    texts
}

/// What breaks a text best: its own signs, and what no tool expects.
fn snippet() -> impl Strategy<Value = String> {
    prop_oneof![
        select(SNIPPETS).prop_map(str::to_owned),
        any::<String>(),
        "[a-z_]{1,9}",
        any::<char>().prop_map(|c| c.to_string()),
    ]
}

/// A change.
fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), 1..30_usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (any::<Index>(), snippet()).prop_map(|(at, text)| Mutation::Insert(at, text)),
        any::<Index>().prop_map(Mutation::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(line, at)| Mutation::Repeat(line, at)),
    ]
}

/// Changes a text.
fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let place = |at: &Index| at.index(text.len() + 1);
        match mutation {
            Mutation::Remove(at, count) => {
                let from = place(at);
                let to = (from + count).min(text.len());
                text.drain(from..to);
            }
            Mutation::Insert(at, new) => {
                let at = place(at);
                text.splice(at..at, new.chars());
            }
            Mutation::Cut(at) => text.truncate(place(at)),
            Mutation::Repeat(line, at) => {
                let whole: String = text.iter().collect();
                let lines: Vec<&str> = whole.split_inclusive('\n').collect();
                if !lines.is_empty() {
                    let line = lines[line.index(lines.len())];
                    let at = place(at);
                    text.splice(at..at, line.chars());
                }
            }
        }
    }
    text.into_iter().collect()
}

/// A setting's name, right or nearly right.
fn key() -> impl Strategy<Value = String> {
    let known = (0..ALL.len()).prop_map(|at| ALL[at].key.to_owned());
    let below = (known.clone(), "[a-z_]{1,6}").prop_map(|(key, name)| format!("{key}.{name}"));
    let near = (known.clone(), any::<Index>(), "[a-z]").prop_map(|(key, at, new)| {
        let mut key: Vec<char> = key.chars().collect();
        let at = at.index(key.len());
        key.splice(at..=at, new.chars());
        key.into_iter().collect::<String>()
    });
    prop_oneof![6 => known, 1 => below, 2 => near, 1 => "[a-z_.]{0,20}"]
}

/// A value, as TOML or not.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(VALUES).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => snippet(),
        2 => url().prop_map(|url| format!("{url:?}")),
        1 => any::<String>().prop_map(|text| format!("{text:?}")),
    ]
}

/// Something like a URL, or like libpq's other form.
fn url() -> impl Strategy<Value = String> {
    let known = select(URLS).prop_map(str::to_owned);
    let mutated = (known.clone(), prop::collection::vec(mutation(), 1..4))
        .prop_map(|(url, mutations)| mutate(&url, &mutations));
    let parameter = (select(PARAMETERS), snippet());
    let pairs = prop::collection::vec(parameter, 0..4);
    let made = (pairs, any::<bool>()).prop_map(|(pairs, is_url)| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, v)| format!("{name}={v}"))
            .collect();
        match is_url {
            true => format!("postgres://u@h/db?{}", pairs.join("&")),
            false => pairs.join(" "),
        }
    });
    prop_oneof![known, mutated, made]
}

/// Something said, in any layer.
fn said() -> impl Strategy<Value = Said> {
    let variable = |key: &str| format!("OUTFLOW__{}", key.replace('.', "__").to_uppercase());
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Said::File(key, value)),
        2 => (key(), value())
            .prop_map(move |(key, value)| Said::Environment(variable(&key), value.into())),
        2 => (key(), value()).prop_map(|(key, value)| Said::Set(key, value)),
        1 => url().prop_map(Said::Url),
        1 => prop::collection::vec(snippet(), 1..3).prop_map(Said::Brokers),
    ]
}

/// Puts the layers together.
fn sources(text: Option<String>, said: Vec<Said>) -> Sources {
    let mut sources = Sources {
        global: Global::default(),
        ..Sources::default()
    };
    let mut lines = text;
    for said in said {
        match said {
            Said::File(key, value) => {
                let text = lines.get_or_insert_default();
                text.push_str(&format!("{key} = {value}\n"));
            }
            Said::Environment(name, value) => sources.environment.push((name, value)),
            Said::Set(key, value) => sources.global.set.push(Assignment { key, value }),
            Said::Url(url) => sources.global.postgres_url = Some(url),
            Said::Brokers(brokers) => sources.global.brokers = brokers,
        }
    }
    sources.environment.sort();
    sources.file = lines.map(|text| File {
        path: PathBuf::from(FILE),
        text,
        secrets: Vec::new(),
    });
    sources
}

/// Reads it, shows it in every way, and checks what is shown; gives it all.
fn shown(sources: Sources) -> Result<String, TestCaseError> {
    let reading = Reading::new(sources);
    let Err(problems) = &reading.config else {
        let shown = reading.to_toml();
        prop_assert!(toml::de::DeTable::parse(&shown).is_ok(), "{shown}");
        return Ok(format!("{shown}{}", reading.to_json()));
    };
    prop_assert!(!problems.is_empty());
    let mut all = reading.failure(problems).to_string();
    all.push_str(&reading.problems().to_string());
    for problem in problems {
        let file = reading.sources.file.as_ref();
        problem.render(file, &Renderer::styled());
        let text = problem.render(file, &Renderer::plain());
        names_its_place(problem, file, &text)?;
        all.push_str(&text);
    }
    Ok(all)
}

/// Checks that an error says where to look.
fn names_its_place(
    problem: &Problem,
    file: Option<&File>,
    text: &str,
) -> Result<(), TestCaseError> {
    let place = match &problem.origin {
        Origin::File(span) => {
            let file = file.unwrap();
            prop_assert!(file.text.get(span.clone()).is_some(), "{span:?}: {text}");
            match span.start < file.text.trim_end().len() {
                true => {
                    let (line, column) = file.position(span.start);
                    // A masked secret is as long as it was in bytes, not in characters.
                    match file.secrets.is_empty() || file.text.is_ascii() {
                        true => format!("--> {FILE}:{line}:{column}"),
                        false => format!("--> {FILE}:{line}:"),
                    }
                }
                // Behind the last line there is nothing to show: the excerpt ends before.
                false => format!("--> {FILE}:"),
            }
        }
        Origin::Environment(name) => format!("the environment variable {name}"),
        Origin::Set(name) => format!("--set {name}"),
        Origin::Flag(name) => (*name).to_owned(),
        // What is missing has no place, but a name.
        Origin::Default => problem.key.clone(),
    };
    prop_assert!(text.contains(&place), "{place} is not in:\n{text}");
    Ok(())
}

proptest! {
    #[test]
    fn a_broken_file_is_told_of_where_it_is_broken(
        sample in select(samples()),
        mutations in prop::collection::vec(mutation(), 1..8),
    ) {
        shown(sources(Some(mutate(&sample, &mutations)), Vec::new()))?;
    }

    #[test]
    fn whatever_the_layers_say_is_told_of_where_it_was_said(
        said in prop::collection::vec(said(), 1..8),
    ) {
        shown(sources(None, said))?;
    }

    #[test]
    fn whatever_else_is_wrong_no_secret_shows(
        secret in select(SECRETS),
        layer in 0..3_usize,
        mut said in prop::collection::vec(said(), 0..6),
    ) {
        let (key, value) = (secret.to_owned(), format!("\"{SECRET}\""));
        let variable = match key.strip_prefix("kafka.properties.") {
            Some(name) => format!("KAFKA__PROPERTIES__{}", name.trim_matches('"').replace('.', "_")),
            None => key.replace('.', "__"),
        };
        // First, as what follows in the file may end its being TOML.
        said.insert(0, match layer {
            0 => Said::File(key, value),
            1 => Said::Environment(format!("OUTFLOW__{}", variable.to_uppercase()), SECRET.into()),
            _ => Said::Set(key, value),
        });
        let text = shown(sources(None, said))?;
        prop_assert!(!text.contains(SECRET), "{text}");
    }

    #[test]
    fn a_password_in_a_url_does_not_show(
        mutations in prop::collection::vec(mutation(), 0..4),
        layer in 0..3_usize,
    ) {
        // The rest of the url may be anything.
        let rest = mutate("@db.example:5432/shop?sslmode=verify-full", &mutations);
        let url = format!("postgresql://outflow:{SECRET}{rest}");
        let said = match layer {
            0 => Said::Url(url),
            1 => Said::Environment("OUTFLOW__POSTGRES__URL".to_owned(), url.into()),
            _ => Said::Set("postgres.url".to_owned(), url),
        };
        let text = shown(sources(None, vec![said]))?;
        prop_assert!(!text.contains(SECRET), "{text}");
    }

    #[test]
    fn an_environment_that_can_not_be_used_names_the_variable(
        name in select(VARIABLES),
        value in prop_oneof![snippet(), select(VALUES).prop_map(str::to_owned)],
    ) {
        let variable = |asked: &str| match asked {
            "PGUSER" if name != "PGUSER" => Some("outflow".to_owned()),
            asked => (asked == name).then(|| value.clone()),
        };
        let environment = Environment::with_variables(&variable);
        if let Err(error) = ConnectConfig::resolve(&ConnInfo::default(), &environment) {
            let failure = unusable(error, &ConnInfo::default(), &variable).to_string();
            prop_assert!(failure.contains(name), "{name}={value:?}: {failure}");
        }
    }
}

/// The file's name.
const FILE: &str = "fuzz.toml";
/// What must not show.
const SECRET: &str = "Zq9hunter2";
/// Settings that are secrets.
const SECRETS: &[&str] = &[
    "postgres.password",
    "kafka.properties.\"sasl.password\"",
    "kafka.properties.\"ssl.key.password\"",
];
/// What breaks a text best.
const SNIPPETS: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{1F980}",
    "\\",
    "\\u00",
    "%",
    "%zz",
    "%00",
    "@",
    ":",
    "/",
    "?",
    "&",
    "://",
    "::1",
    "[::1",
    " ",
    "inf",
    "nan",
    "0x",
    "1979-05-27",
    "99999999999999999999",
    "-1",
    "e\u{301}",
];
/// Values of every type, right for some setting or for none.
const VALUES: &[&str] = &[
    "\"text\"",
    "\"\"",
    "''",
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "inf",
    "nan",
    "true",
    "false",
    "[]",
    "{}",
    "[1, \"a\", []]",
    "[[[[]]]]",
    "{ a = 1 }",
    "{ file = \"/no/such/file\" }",
    "{ env = \"NO_SUCH_VARIABLE\" }",
    "{ credential = \"x\" }",
    "{ file = 1 }",
    "{ env = \"A\", file = \"b\" }",
    "{ regex = \"(\", replacement = \"$1\" }",
    "{ regex = \"(a)\", replacement = \"$9${x\" }",
    "1979-05-27",
    "\"1s\"",
    "\"250ms\"",
    "\"1ms\"",
    "\"100h\"",
    "\"-1s\"",
    "\"1 fortnight\"",
    "\"64MiB\"",
    "\"1B\"",
    "\"99999999TiB\"",
    "\"auto\"",
    "\"stop\"",
    "\"json\"",
    "\"{id}\"",
    "\"{\"",
    "\"}\"",
    "\"{column:}\"",
    "\"{{}}\"",
    "[[\"a\", \"{id}\"]]",
    "[[\"a\"]]",
    "[\"127.0.0.1:9092\"]",
    "[\":\"]",
    "[\"h:99999\"]",
    "[\"[::1]:1\"]",
    "\"a.b.c.d\"",
    "\"\\u0000\"",
];
/// Connections, right ones and wrong ones.
const URLS: &[&str] = &[
    "postgresql://outflow@127.0.0.1:5432/shop",
    "postgres://u:p@h1:1,h2:2,[::1]:3/d?target_session_attrs=read-write&sslmode=verify-full",
    "postgresql:///shop?host=/var/run/postgresql&port=5433",
    "host=a,b port=1,2 user='o\\'x' dbname=shop connect_timeout=3",
    "host='a b' hostaddr=::1 sslrootcert=system",
    "postgresql://%2Ftmp/db?options=-c%20a%3Db",
    "postgresql://h:65536/d",
    "mysql://h/d",
    "",
];
/// Parameters of a connection.
const PARAMETERS: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "user",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "target_session_attrs",
    "connect_timeout",
    "keepalives_idle",
    "options",
    "service",
    "passfile",
    "application_name",
    "nonsense",
];
/// Variables that libpq reads.
const VARIABLES: &[&str] = &[
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGSSLMODE",
    "PGCHANNELBINDING",
    "PGTARGETSESSIONATTRS",
    "PGCONNECT_TIMEOUT",
    "PGOPTIONS",
    "PGREQUIREAUTH",
    "PGSSLNEGOTIATION",
    "PGGSSENCMODE",
    "PGSSLMINPROTOCOLVERSION",
];
