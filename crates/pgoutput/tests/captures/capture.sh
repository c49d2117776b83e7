#!/usr/bin/env bash
# Captures what real servers send: pgNN.hex beside this script, one message a line in hexadecimal,
# for each PostgreSQL given by its prefix (the folder with bin/), and pgNN-binary.hex of the last
# one. Needs psql. The servers are made for this and thrown away. Afterwards look at what the
# snapshots of tests/wire.rs say.
#
#   crates/pgoutput/tests/captures/capture.sh ~/.cache/outflow/parts/postgresql/*
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 64; }
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
server=
as=()
trap '[ -z "$server" ] || stop; rm -rf "$work"' EXIT

# PostgreSQL refuses to run as root, and root's folders are not open to others: work on a copy, as
# nobody.
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid nobody --regid nogroup --clear-groups)
    chmod 755 "$work"
fi

start() { # prefix
    rm -rf "$work/run"
    mkdir "$work/run"
    cp -a "$1" "$work/run/pg"
    [ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$work/run"
    cd "$work/run"
    "${as[@]}" pg/bin/initdb --pgdata data --username postgres --auth trust \
        --encoding UTF8 --locale C --no-sync >initdb.log
    "${as[@]}" tee -a data/postgresql.conf >/dev/null <<CONF
wal_level = logical
fsync = off
autovacuum = off
listen_addresses = ''
unix_socket_directories = '$work/run'
CONF
    "${as[@]}" pg/bin/pg_ctl --pgdata data --log server.log --wait start >/dev/null
    server=$1
}

stop() {
    "${as[@]}" pg/bin/pg_ctl --pgdata data --mode immediate --wait stop >/dev/null
    server=
    cd "$here"
}

query() {
    PGOPTIONS='-c client_min_messages=warning' \
        psql --host "$work/run" --username postgres --no-psqlrc --quiet --tuples-only --no-align \
        --set ON_ERROR_STOP=1 "$@" postgres
}

# The small memory limit is what makes PostgreSQL 18 send its stray StreamAbort.
capture() { # binary? file
    query --command "SET logical_decoding_work_mem = '64kB'" --command "
        SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('capture', NULL, NULL,
            'proto_version', '1', 'publication_names', 'capture',
            'messages', 'true', 'binary', '$1')" >"$2"
    echo "$(wc -l <"$2") messages in $2" >&2
}

for prefix in "$@"; do
    prefix=$(readlink -f "$prefix")
    major=$("$prefix/bin/postgres" --version | sed 's/.* \([0-9]*\)\..*/\1/')
    start "$prefix"
    query --file "$here/capture.sql"
    capture false "$here/pg$major.hex"
    [ "$prefix" != "$(readlink -f "${!#}")" ] || capture true "$here/pg$major-binary.hex"
    stop
done
