#!/usr/bin/env bash
# Captures what real servers send, one message a line in hexadecimal, beside this script, for each
# PostgreSQL given by its prefix (the folder with bin/): pgNN.hex of protocol version 1, and
# pgNN-binary.hex of the last one; pgNN-vM.hex of the highest version M that the server has, with
# streaming and prepared transactions. Needs psql and perl. The servers are made for this and thrown
# away. Afterwards look at what the snapshots of tests/wire.rs and tests/streaming.rs say.
#
#   crates/pgoutput/tests/captures/capture.sh ~/.cache/outflow/parts/postgresql/*
#   ONLY=streaming crates/pgoutput/tests/captures/capture.sh ~/.cache/outflow/parts/postgresql/*
set -euo pipefail

only=${ONLY:-whole streaming}
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
max_prepared_transactions = 10
logical_decoding_work_mem = 64kB
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
    query --command "
        SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('capture', NULL, NULL,
            'proto_version', '1', 'publication_names', 'capture',
            'messages', 'true', 'binary', '$1')" >"$2"
    echo "$(wc -l <"$2") messages in $2" >&2
}

# What is streamed depends on what the server has decoded when something is rolled back, so this is
# recorded while it happens.
record() { # major
    local options version=2
    options="publication_names 'streaming', messages 'true'"
    [ "$1" -lt 15 ] || { version=3; options+=", two_phase 'true'"; }
    if [ "$1" -lt 16 ]; then
        options+=", streaming 'true'"
    else
        version=4 options+=", streaming 'parallel'"
    fi
    local file=$here/pg$1-v$version.hex
    query --file "$here/streaming-tables.sql"
    "$here/record.pl" "$work/run" "START_REPLICATION SLOT streaming LOGICAL 0/0
        (proto_version '$version', $options)" >"$file" &
    PGHOST=$work/run PGUSER=postgres PGDATABASE=postgres query --file "$here/streaming.sql"
    wait $!
    echo "$(wc -l <"$file") messages in $file" >&2
}

for prefix in "$@"; do
    prefix=$(readlink -f "$prefix")
    major=$("$prefix/bin/postgres" --version | sed 's/.* \([0-9]*\)\..*/\1/')
    if [[ $only == *whole* ]]; then
        start "$prefix"
        query --file "$here/capture.sql"
        capture false "$here/pg$major.hex"
        [ "$prefix" != "$(readlink -f "${!#}")" ] || capture true "$here/pg$major-binary.hex"
        stop
    fi
    if [[ $only == *streaming* ]]; then
        start "$prefix"
        record "$major"
        stop
    fi
done
