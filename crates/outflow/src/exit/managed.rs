//! What an administrator does on a managed service, where nobody is a superuser.
//!
//! A service is known by the role that it gives to its administrators:
//! [`ServerFacts::managed_by`].

use outflow_replication_slot::catalog::{ServerFacts, ident};

use super::postgres::psql;

/// Says how a role may use replication.
pub(super) fn grant_replication(facts: &ServerFacts) -> String {
    let user = ident(&facts.user);
    let run = |sql: String| psql(&facts.database, &sql);
    let alter = || run(format!("ALTER ROLE {user} REPLICATION"));
    match facts.managed_by.as_deref() {
        Some("rds_replication") => format!(
            "on Amazon RDS and Aurora, as a member of rds_superuser: `{}`",
            run(format!("GRANT rds_replication TO {user}"))
        ),
        Some("cloudsqlsuperuser") => format!(
            "on Cloud SQL, as a member of cloudsqlsuperuser, such as postgres: `{}`",
            alter()
        ),
        Some("alloydbsuperuser") => {
            format!("on AlloyDB, as a member of alloydbsuperuser: `{}`", alter())
        }
        Some("azure_pg_admin") => format!(
            "on Azure, as the server's administrator (a member of azure_pg_admin): `{}`",
            alter()
        ),
        Some("neon_superuser") => {
            "on Neon, use a role that was made in its console or by its API: \
                                   it is a member of neon_superuser and has REPLICATION"
                .to_owned()
        }
        _ => format!("as an administrator: `{}`", alter()),
    }
}

/// Says how `wal_level` becomes `logical`.
pub(super) fn raise_wal_level(facts: &ServerFacts) -> String {
    match facts.managed_by.as_deref() {
        Some("rds_replication") => {
            "set rds.logical_replication = 1 in the parameter group (of the \
                                    cluster, on Aurora), and reboot"
                .to_owned()
        }
        Some("cloudsqlsuperuser") => "set the flag cloudsql.logical_decoding=on on the instance, \
                                      which restarts it"
            .to_owned(),
        Some("alloydbsuperuser") => "set the flag alloydb.logical_decoding=on on the instance, \
                                     which restarts it"
            .to_owned(),
        Some("azure_pg_admin") => {
            "set the server parameter wal_level to logical, and restart the server".to_owned()
        }
        Some("neon_superuser") => {
            "enable logical replication in the settings of the Neon project".to_owned()
        }
        _ => {
            let set = psql(&facts.database, "ALTER SYSTEM SET wal_level = 'logical'");
            format!("`{set}`, then restart PostgreSQL")
        }
    }
}

#[cfg(test)]
mod tests {
    use outflow_pgoutput::Lsn;

    use super::*;

    /// A server of a service.
    fn server(managed_by: Option<&str>) -> ServerFacts {
        ServerFacts {
            version_num: 170_002,
            version: "17.2".to_owned(),
            wal_level: "replica".to_owned(),
            in_recovery: false,
            current_lsn: Lsn::ZERO,
            database: "shop".to_owned(),
            user: "out flow".to_owned(),
            server_encoding: "UTF8".to_owned(),
            can_replicate: false,
            managed_by: managed_by.map(str::to_owned),
        }
    }

    #[test]
    fn each_service_has_its_own_way() {
        let services = [
            None,
            Some("rds_replication"),
            Some("cloudsqlsuperuser"),
            Some("alloydbsuperuser"),
            Some("azure_pg_admin"),
            Some("neon_superuser"),
        ];
        let lines: Vec<_> = services
            .into_iter()
            .map(|service| {
                let facts = server(service);
                let (grant, level) = (grant_replication(&facts), raise_wal_level(&facts));
                format!("{}\n  {grant}\n  {level}\n", service.unwrap_or("-"))
            })
            .collect();
        insta::assert_snapshot!(lines.concat());
    }
}
