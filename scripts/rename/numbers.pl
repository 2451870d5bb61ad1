#!/usr/bin/env perl
# Changes the token's decimals or the address prefix wherever the tree states them. Called by scripts/rename.sh; edits the files given in place.
#
#   scripts/rename/numbers.pl decimals|prefix OLD NEW FILE...
use strict;
use warnings;

my ($what, $old, $new, @files) = @ARGV;
@files or die "usage: $0 decimals|prefix OLD NEW FILE...\n";

# The forms in which the number is stated; it stands where each pattern says `OLD`.
my %forms = (
    decimals => [
        'DECIMALS: \w+ = OLD\b',             # constants
        '10_u128\.pow\(OLD\)',               # one token
        '10n \*\* OLDn',
        '[dD]ecimals"?\)?, (?:Some\(&|\[)?OLD\b',    # tests of the chain's properties
        'tokenDecimals"\) == Some\(&json!\(OLD\b',
        'enable_metadata_hash\("\w+", OLD\b',
        '10\^-OLD(?= [A-Z][A-Z0-9]+\b)',      # prose: of the token, and not a probability
        '\bOLD(?= decimals\b)',
        '[dD]ecimals of the native token; OLD\b',
    ],
    prefix => [
        'SS58_PREFIX(?:: \w+)? = OLD\b',
        'ss58Format"?\)?, (?:Some\(&|\[)?OLD\b',
        'ss58Format": OLD\b',                # chain specifications
    ],
);
my $forms = $forms{$what} // die "expected `decimals` or `prefix`, found `$what`\n";
my $any = join '|', map { my $form = $_; $form =~ s/OLD/$old/; "(?:$form)" } @$forms;

for my $file (@files) {
    open my $in, '<:raw', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> } // '';
    next if $text =~ /\0/ || !($text =~ s/($any)/replaced($1)/ge);
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
}

# What the pattern found, with the last `OLD` in it as `NEW`.
sub replaced {
    my ($found) = @_;
    $found =~ s/^(.*)\Q$old\E/$1$new/s;
    return $found;
}
