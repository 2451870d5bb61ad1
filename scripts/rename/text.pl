#!/usr/bin/env perl
# Renames inside files: text, and the names in a metadata file. Called by scripts/rename.sh; edits the files given in place.
#
#   scripts/rename/text.pl OLD NEW OLD_TOKEN NEW_TOKEN FILE...
use strict;
use warnings;

my ($old, $new, $old_token, $new_token, @files) = @ARGV;
@files or die "usage: $0 OLD NEW OLD_TOKEN NEW_TOKEN FILE...\n";

# The spellings of a name: crates and programs, titles and types, environment variables; and the token, which is a word of its own.
# Domains of hashes (`noema/file/v1`) stay: they are part of a data format that others implement, like the layout of the tree below a root.
# So do the interface of jobs (`noema_job_1`), which compiled modules ask for, and what weights files begin with (`NOEMALM1`).
my @spellings = (
    [ qr/\Q$old\E(?!(?:\/[a-z]+)+\/v[0-9]|_job_[0-9])/,   $new ],
    [ qr/\Q${\ ucfirst $old}\E/,               ucfirst $new ],
    [ qr/\Q${\ uc $old}\E(?=_)/,               uc $new ],
    [ qr/(?<![A-Za-z0-9_])\Q$old_token\E(?![A-Za-z0-9_])/, $new_token ],
);

sub renamed {
    my ($text) = @_;
    # In one pass, so that what one spelling has put is never read by the next.
    my $any = join '|', map { "($_->[0])" } @spellings;
    $text =~ s/$any/(defined $1 ? $new : defined $2 ? ucfirst $new : defined $3 ? uc $new : $new_token)/ge;
    return $text;
}

for my $file (@files) {
    my $bytes = slurp($file);
    my $changed = $file =~ /\.scale$/ ? metadata($file, $bytes) : $bytes =~ /\0/ ? $bytes : renamed($bytes);
    next if $changed eq $bytes;
    # A new file in the old one's place: a running script goes on reading the old one.
    my $mode = (stat $file)[2] & 07777;
    open my $out, '>:raw', "$file.renamed" or die "$file.renamed: $!\n";
    print {$out} $changed;
    close $out or die "$file.renamed: $!\n";
    chmod $mode, "$file.renamed";
    rename "$file.renamed", $file or die "$file: $!\n";
}

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    my $bytes = <$in>;
    return $bytes // '';
}

# --- Metadata, version 15 --------------------------------------------------------------------------------------------------------
# https://docs.rs/frame-metadata (v15) and https://docs.rs/scale-info (PortableRegistry): read from front to back, written again with the
# strings renamed and their lengths as they are then.

my ($in, $at, $out);

sub metadata {
    my ($file, $bytes) = @_;
    ($in, $at, $out) = ($bytes, 0, '');
    my $head = substr $in, 0, 5;
    $head eq "meta\x0f" or die "$file: expected metadata of version 15, found " . unpack('H*', $head) . "\n";
    fixed(5);
    list(\&portable_type);
    list(\&pallet);
    fixed(1);                                                   # extrinsic: version
    compact() for 1 .. 4;                                       #   address, call, signature, extra
    list(sub { string(); compact(); compact() });               #   extensions
    compact();                                                  # the runtime's type
    list(sub { string(); list(\&method); docs() });             # runtime interfaces
    compact() for 1 .. 3;                                       # outer enums
    list(sub { string(); compact(); value() });                 # custom values
    $at == length $in or die "$file: expected its end at byte $at, it has " . length($in) . " bytes\n";
    return $out;
}

sub fixed { my ($count) = @_; $at + $count <= length $in or die "metadata ends early\n"; $out .= substr $in, $at, $count; $at += $count }

sub read_compact {
    my $first = ord substr $in, $at, 1;
    my $size = (1, 2, 4)[$first & 3] // die "metadata has a number that is too large at byte $at\n";
    my $number = unpack('V', substr($in, $at, $size) . "\0\0\0") >> 2;
    $at += $size;
    return $number;
}

sub write_compact {
    my ($number) = @_;
    $out .= $number < 64 ? pack('C', $number << 2) : $number < 1 << 14 ? pack('v', $number << 2 | 1) : pack('V', $number << 2 | 2);
}

sub compact  { my $number = read_compact(); write_compact($number); return $number }
sub list     { my ($item) = @_; my $count = compact(); $item->() for 1 .. $count }
sub option   { my ($item) = @_; my $some = substr $in, $at, 1; fixed(1); $item->() if $some eq "\1" }
sub docs     { list(\&string) }
sub value    { fixed(compact()) }

sub string {
    my $length = read_compact();
    my $text = renamed(substr $in, $at, $length);
    $at += $length;
    write_compact(length $text);
    $out .= $text;
    return $text;
}

sub portable_type {
    compact();                                                  # id
    list(\&string);                                             # path
    list(sub { string(); option(\&compact) });                  # parameters
    my $kind = ord substr $in, $at, 1;
    fixed(1);
    if    ($kind == 0) { list(\&field) }                                                    # struct
    elsif ($kind == 1) { list(sub { string(); list(\&field); fixed(1); docs() }) }          # enum
    elsif ($kind == 2) { compact() }                                                        # sequence
    elsif ($kind == 3) { fixed(4); compact() }                                              # array
    elsif ($kind == 4) { list(\&compact) }                                                  # tuple
    elsif ($kind == 5) { fixed(1) }                                                         # primitive
    elsif ($kind == 6) { compact() }                                                        # compact
    elsif ($kind == 7) { compact(); compact() }                                             # bits
    else               { die "metadata has a type of the unknown kind $kind at byte $at\n" }
    docs();
}

sub field { option(\&string); compact(); option(\&string); docs() }

sub pallet {
    my $name = string();
    option(sub { string(); list(\&entry) });                    # storage
    option(\&compact) for 1 .. 2;                               # calls, events
    list(sub { constant($name) });
    option(\&compact);                                          # errors
    fixed(1);                                                   # index
    docs();
}

sub entry {
    string();
    fixed(1);                                                   # modifier
    my $kind = ord substr $in, $at, 1;
    fixed(1);
    if ($kind == 1) { list(sub { fixed(1) }); compact() }       # a map: hashers, key
    compact();
    value();
    docs();
}

sub constant {
    my ($pallet) = @_;
    my $name = string();
    compact();
    if ($pallet eq 'System' && $name eq 'Version') {
        # The runtime's version begins with two names.
        my $end = read_compact();
        $end += $at;
        my $before = $out;
        $out = '';
        string() for 1 .. 2;
        fixed($end - $at);
        my $version = $out;
        $out = $before;
        write_compact(length $version);
        $out .= $version;
    } else {
        value();
    }
    docs();
}

sub method { string(); list(sub { string(); compact() }); compact(); docs() }
