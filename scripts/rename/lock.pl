#!/usr/bin/env perl
# Puts the packages of a Cargo.lock in the order in which cargo writes them, after some were renamed, so that `--locked` accepts the file.
# Versions stay what they are: nothing is resolved, nothing is fetched.
#
#   scripts/rename/lock.pl Cargo.lock...
use strict;
use warnings;

for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    my ($head, @packages) = split /^(?=\[\[package\]\]$)/m, $text;
    for (@packages) {
        s/^(dependencies = \[\n)(.*?)(^\])/$1 . join('', by_name(qr{^ "([^" ]+)}, split m{^}m, $2)) . $3/mse;
        s/\n+\z/\n/;
    }
    @packages = by_name(qr/^name = "(.*)"$/m, @packages);
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $head, join("\n", @packages);
    close $out or die "$file: $!\n";
}

# Sorted by the name that `$pattern` finds; those of the same name keep their order, which is that of their versions.
sub by_name {
    my ($pattern, @items) = @_;
    my %name = map { $_ => (/$pattern/ ? $1 : die "no name in a package of the lock file: $_\n") } @items;
    return sort { $name{$a} cmp $name{$b} } @items;
}
