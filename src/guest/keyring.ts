// Asymmetric keys of the guest's kernel, which its driver's RSA works for.
/**
 * Calls keyctl(2) on a private key in PKCS #8: `pkey <operation> <info> <input> <output or signature>`. The numbers are those of i386
 * (asm/unistd_32.h, linux/keyctl.h).
 */
export const KEYRING_PROGRAM = `#!/bin/perl
my ($operation, $info, $input, $other) = @ARGV;
sub content { open(my $file, '<:raw', $_[0]) or die "pkey: $_[0]: $!\\n"; local $/; my $bytes = <$file>; return $bytes }
my %call = (encrypt => 25, decrypt => 26, sign => 27, verify => 28);
my $pkcs8 = content('/tmp/key');
my ($type, $description) = ("asymmetric\\0", "guest\\0");
my $key = syscall(286, $type, $description, $pkcs8, length $pkcs8, -2);
die "pkey: add_key: $!\\n" if $key == -1;
my $in = content($input);
my $second = $operation eq 'verify' ? content($other) : "\\0" x 256;
my $parameters = pack 'l L L L7', $key, length $in, length $second, (0) x 7;
$info .= "\\0";
my $length = syscall(288, $call{$operation}, $parameters, $info, $in, $second);
die "pkey: $operation: $!\\n" if $length == -1;
exit 0 if $operation eq 'verify';
open(my $file, '>:raw', $other) or die "pkey: $other: $!\\n";
print $file substr $second, 0, $length;
`;

/** The module that reads keys in PKCS #8. */
export const PKCS8_MODULE = 'pkcs8_key_parser';
