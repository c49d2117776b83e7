#!/usr/bin/env perl
# Makes the corpus from the recordings of tests/captures: each one whole, and the shortest message of each kind.
use strict;
use warnings;
use File::Basename qw(dirname);

chdir dirname($0) or die;
my %streaming = (v2 => 1, v3 => 1, v4 => 2);

sub write_seed {
    my ($name, $streaming, @frames) = @_;
    open my $file, '>:raw', "corpus/message/$name" or die "$name: $!\n";
    print $file chr $streaming, map { pack 'n/a', $_ } @frames;
}

my %shortest;
for my $path (glob '../tests/captures/*.hex') {
    my ($name) = $path =~ m{([^/]+)\.hex$};
    my $streaming = $name =~ /-(v\d)$/ ? $streaming{$1} : 0;
    open my $file, '<', $path or die "$path: $!\n";
    my @frames = map { chomp; pack 'H*', $_ } <$file>;
    # Long values teach a fuzzer nothing.
    write_seed($name, $streaming, grep { length $_ < 300 } @frames) if $name =~ /^pg(14-v2|15-v3|18-v4|18-binary)$/;
    my $segment;
    for my $frame (@frames) {
        my $tag = substr $frame, 0, 1;
        my $key = sprintf '%02x-%s-%d', ord $tag, $segment ? 'inside' : 'outside', $streaming;
        my @seed = ($streaming, $segment ? $segment : (), $frame);
        $shortest{$key} = \@seed if !$shortest{$key} || length $frame < length $shortest{$key}[-1];
        $segment = $frame if $tag eq 'S';
        $segment = undef if $tag eq 'E';
    }
}
write_seed($_, @{ $shortest{$_} }) for sort keys %shortest;
