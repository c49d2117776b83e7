#!/usr/bin/env perl
# Reads a replication slot while things happen, and prints each message of its output plugin as a line in hexadecimal,
# until a logical message with the prefix "end" comes. pg_recvlogical cannot do that: it ends each message by a newline,
# which messages hold themselves.
#
#   record.pl SOCKET_FOLDER "START_REPLICATION SLOT .."
use strict;
use warnings;
use IO::Socket::UNIX;

my ($folder, $command) = @ARGV;
$| = 1;
alarm 60; # A recording that hangs is no recording.
my $server = IO::Socket::UNIX->new(Peer => "$folder/.s.PGSQL.5432") or die "cannot connect: $!\n";

sub take { # So many bytes.
    my ($length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        sysread($server, $bytes, $length - length $bytes, length $bytes) or die "the server has gone\n";
    }
    return $bytes;
}

sub message { # The next message's type and content.
    my ($type, $length) = unpack 'a N', take(5);
    my $content = take($length - 4);
    die join(' ', $content =~ /M([^\0]+)/), "\n" if $type eq 'E';
    return ($type, $content);
}

sub put {
    my ($bytes) = @_;
    syswrite($server, $bytes) == length $bytes or die "cannot write: $!\n";
}

my $startup = pack 'N (Z*)*', 196_608, qw(user postgres database postgres replication database), '';
put(pack('N', 4 + length $startup) . $startup);
until ((message())[0] eq 'Z') { }
put(pack 'a N Z*', 'Q', 5 + length $command, $command);
until ((message())[0] eq 'W') { }

while (1) {
    my ($type, $content) = message();
    next unless $type eq 'd';
    my ($kind, $data) = unpack 'a x24 a*', $content . "\0" x 25;
    next unless $kind eq 'w';
    $data = substr $content, 25;
    print unpack('H*', $data), "\n";
    last if $data =~ /^M\0.{8}end\0/s;
}
