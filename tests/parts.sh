#!/usr/bin/env bash
# Fetches the parts that tests/parts.lock pins into a cache outside target/, checks each against its sha256 and
# unpacks PostgreSQL. Does nothing, fast, when everything is there. Safe to run twice at once.
#
#   OUTFLOW_PARTS           the cache; default ${XDG_CACHE_HOME:-$HOME/.cache}/outflow/parts
#   OUTFLOW_PG14 .. PG18    a PostgreSQL of your own (a prefix with bin/) in place of the pinned one
#   OUTFLOW_KAFKA_LIB       a folder with the jars of a Kafka broker in place of the pinned ones
#   OUTFLOW_TEST_KAFKA      a running broker (host:port): no jars and no Java are needed then
set -euo pipefail

lock=$(dirname "$(readlink -f "$0")")/parts.lock
parts=${OUTFLOW_PARTS:-${XDG_CACHE_HOME:-$HOME/.cache}/outflow/parts}

say() { printf 'parts: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$1" >&2; [ $# -lt 2 ] || printf '\nhint: %s\n' "$2" >&2; exit 1; }

# Where a pinned artifact ends up: a folder for a PostgreSQL, a jar for everything else.
place() { # artifact version
    case $1 in
        embedded-postgres-binaries-*) echo "$parts/postgresql/$2" ;;
        *) echo "$parts/kafka/$1-$2.jar" ;;
    esac
}

# Whether the user brings this part along.
brought() { # artifact version
    case $1 in
        embedded-postgres-binaries-*) local own=OUTFLOW_PG${2%%.*}; [ -n "${!own:-}" ] ;;
        *) [ -n "${OUTFLOW_KAFKA_LIB:-}${OUTFLOW_TEST_KAFKA:-}" ] ;;
    esac
}

# Prints "sha256 group artifact version place" for every part that is not there yet.
missing() {
    local sha coordinate group artifact version
    while read -r sha coordinate; do
        [[ $sha =~ ^[0-9a-f]{64}$ ]] || continue
        IFS=: read -r group artifact version <<<"$coordinate"
        brought "$artifact" "$version" && continue
        [ -e "$(place "$artifact" "$version")" ] || echo "$sha $group $artifact $version $(place "$artifact" "$version")"
    done <"$lock"
}

# Installs the tools that are not there, where that is allowed, or says how.
tools() {
    local packages=()
    want() { local package=$1; shift; "$@" >/dev/null 2>&1 || packages+=("$package"); }
    want build-essential sh -c 'command -v cc && command -v c++ && command -v make'
    want perl perl -MFindBin -MIPC::Cmd -MTime::Piece -MPod::Usage -e 1
    want util-linux sh -c 'command -v flock && command -v setpriv'
    [ -n "${OUTFLOW_TEST_KAFKA:-}" ] || want default-jre-headless sh -c 'command -v java'
    if [ -n "$(missing)" ]; then
        want maven sh -c 'command -v mvn'
        want unzip sh -c 'command -v unzip'
        want xz-utils sh -c 'command -v xz'
    fi
    [ ${#packages[@]} -gt 0 ] || return 0
    local install="apt-get install -y --no-install-recommends ${packages[*]}"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing ${packages[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq >&2 && $install -qq >&2 || die "cannot install ${packages[*]}" "$install"
    else
        die "tools are missing: ${packages[*]}" "sudo apt-get update && sudo $install"
    fi
}

# Writes a Maven project that copies exactly the listed artifacts, none of what they depend on.
project() { # < list of missing parts
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>outflow</groupId><artifactId>parts</artifactId><version>1</version><packaging>pom</packaging>
<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
<configuration><artifactItems>'
    local sha group artifact version rest
    while read -r sha group artifact version rest; do
        echo "<artifactItem><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></artifactItem>"
    done
    echo '</artifactItems></configuration></plugin></plugins></build></project>'
}

# Checks one fetched jar and moves it, unpacked if it is a PostgreSQL, to its place in one step.
install_part() { # tmp sha artifact version place
    local tmp=$1 sha=$2 jar=$1/$3-$4.jar place=$5
    local got; got=$(sha256sum <"$jar"); got=${got%% *}
    [ "$got" = "$sha" ] || die "$3-$4.jar has sha256 $got, but tests/parts.lock says $sha"
    mkdir -p "$(dirname "$place")"
    case $place in
        *.jar) chmod a+r "$jar" && mv "$jar" "$place" ;;
        *)
            mkdir -p "$tmp/$4"
            unzip -p "$jar" 'postgres-linux-*.txz' | tar -xJ -C "$tmp/$4"
            chmod -R a+rX "$tmp/$4"
            mv -T "$tmp/$4" "$place"
            ;;
    esac
}

tools
[ -n "$(missing)" ] || exit 0

mkdir -p "$parts"
exec 9>"$parts/.lock"
flock 9 # A second run waits here, and then finds everything in its place.
list=$(missing)
[ -n "$list" ] || exit 0
rm -rf "$parts"/.tmp.* # What a run left that was killed.
tmp=$(mktemp -d "$parts/.tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

say "fetching $(wc -l <<<"$list") parts into $parts"
project <<<"$list" >"$tmp/pom.xml"
fetch() { mvn -q -B -Dstyle.color=never -f "$tmp/pom.xml" dependency:copy -DoutputDirectory="$tmp" 9>&- >&2; }
fetch || { say "trying once more"; fetch; } || die "Maven cannot fetch the parts" "its messages are above"
while read -r sha _ artifact version place; do
    install_part "$tmp" "$sha" "$artifact" "$version" "$place"
done <<<"$list"
