/**
 * A clock for one cipher driver through AF_ALG, in the guest:
 *
 *     skcipher-clock <driver> <bytes> <in flight> <milliseconds> [<milliseconds from batch to batch>]
 *
 * It encrypts batches of requests and prints the lower quartile of the time that a batch took. One request in flight
 * is a plain read; more are handed over in one io_submit, which makes them asynchronous (crypto/algif_skcipher.c).
 * Without the last argument a batch follows upon another; with it the processor is free in between.
 * Perl's modules are not in the guest: the numbers are those of i386 (asm/unistd_32.h, linux/if_alg.h, linux/aio_abi.h).
 */
export const SKCIPHER_CLOCK = '/bin/skcipher-clock';

export const SKCIPHER_CLOCK_SCRIPT = `#!/bin/perl
my ($driver, $bytes, $depth, $milliseconds, $interval) = @ARGV;
my %call = (read => 3, io_setup => 245, io_getevents => 247, io_submit => 248, mmap2 => 192, clock_gettime => 265,
            accept4 => 364, setsockopt => 366, sendmsg => 370);
my ($AF_ALG, $SEQPACKET, $SOL_ALG, $SOL_SOCKET) = (38, 5, 279, 1);

sub call {
  my $name = shift;
  my $result = syscall($call{$name}, @_);
  # An address may look negative: only -1 says that something failed.
  die "skcipher-clock: $name: $!\\n" if $result == -1;
  return $result;
}
sub address { unpack 'L', pack 'p', $_[0] }

my $time = "\\0" x 8;
sub microseconds {
  call('clock_gettime', 1, $time);
  my ($seconds, $nanoseconds) = unpack 'lL', $time;
  return $seconds * 1e6 + $nanoseconds / 1e3;
}

socket(my $cipher, $AF_ALG, $SEQPACKET, 0) or die "skcipher-clock: AF_ALG: $!\\n";
bind($cipher, pack 'S a14 L L a64', $AF_ALG, 'skcipher', 0, 0, $driver) or die "skcipher-clock: $driver: $!\\n";
setsockopt($cipher, $SOL_ALG, 1, 'k' x 16) or die "skcipher-clock: key: $!\\n";
# An operation socket a request: the kernel lets each have one asynchronous read under way (crypto/af_alg.c). Perl's own
# accept asks for the peer's name, which such a socket has not.
my @operations = map { call('accept4', fileno $cipher, 0, 0, 0) } 1 .. $depth;
# A request is sent as a whole before any of it is read: SO_SNDBUFFORCE and SO_RCVBUFFORCE, past the usual bounds.
my $room = pack 'l', 4 << 20;
for my $operation (@operations) { call('setsockopt', $operation, $SOL_SOCKET, $_, $room, 4) for 32, 33 }

# Whole pages on page boundaries, so that a request is as few pieces as it can be.
my $total = $bytes * $depth;
my ($source, $target) = ('s' x ($total + 4096), 't' x ($total + 4096));
my ($from, $to) = map { ($_ + 4095) & ~4095 } address($source), address($target);

my $control = pack('L l l L', 16, $SOL_ALG, 3, 1) . pack('L l l L a16', 32, $SOL_ALG, 2, 16, 'i' x 16);
my @vectors = map { pack 'LL', $from + $_ * $bytes, $bytes } 0 .. $depth - 1;
my @messages = map { pack 'L7', 0, 0, address($_), 1, address($control), length $control, 0 } @vectors;

my $context = pack 'L', 0;
call('io_setup', $depth, $context);
$context = unpack 'L', $context;
my @blocks = map { pack 'L4 SS L L2 L2 L6', $_, 0, 0, 0, 0, 0, $operations[$_], $to + $_ * $bytes, 0, $bytes, (0) x 6 } 0 .. $depth - 1;
my $list = pack 'L*', map { address($_) } @blocks;
my $events = "\\0" x (32 * $depth);

my @took;
my $start = microseconds();
my ($last, $now) = ($start, $start);
while ($now - $start < $milliseconds * 1000) {
  call('sendmsg', $operations[$_], $messages[$_], 0) for 0 .. $depth - 1;
  if ($depth == 1) {
    call('read', $operations[0], $to, $bytes) == $bytes or die "skcipher-clock: short read\\n";
  } else {
    my $submitted = 0;
    $submitted += call('io_submit', $context, $depth - $submitted, address($list) + 4 * $submitted) while $submitted < $depth;
    call('io_getevents', $context, $depth, $depth, $events, 0);
    my @results = (unpack 'L*', $events)[map { 8 * $_ + 4 } 0 .. $depth - 1];
    $_ == $bytes or die "skcipher-clock: a request failed: $_\\n" for @results;
  }
  $now = microseconds();
  push @took, $now - $last;
  my $wait = $interval ? $start + @took * $interval * 1000 - $now : 0;
  select undef, undef, undef, $wait / 1e6 if $wait > 0;
  $last = $now = microseconds();
}
# An emulator translates code only once it has run for a while: the first third is left out.
splice @took, 0, @took / 3;
@took = sort { $a <=> $b } @took;
printf "skcipher-clock: %s %d bytes %d in flight %d batches %.1f us\\n", $driver, $bytes, $depth, scalar @took, $took[@took / 4];
`;
