#!/bin/sh
# Two network namespaces, and ESP between them both ways: AES-CBC with HMAC-SHA-256. docs/guests.md says what for.
# The keys are examples. /bin/ip is iproute2's: busybox has an ip of its own, without xfrm.
set -e
auth=0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
enc=0x2b7e151628aed2a6abf7158809cf4f3c
mkdir -p /run/netns
/bin/ip netns add b
/bin/ip link add va type veth peer name vb netns b
/bin/ip addr add 10.9.0.1/24 dev va
/bin/ip link set va up
/bin/ip -n b addr add 10.9.0.2/24 dev vb
/bin/ip -n b link set vb up
sa() {
  /bin/ip $1 xfrm state add src $2 dst $3 proto esp spi $4 mode transport \
    auth-trunc 'hmac(sha256)' $auth 128 enc 'cbc(aes)' $enc
}
for n in "" "-n b"; do
  sa "$n" 10.9.0.1 10.9.0.2 0x101
  sa "$n" 10.9.0.2 10.9.0.1 0x102
done
policy() {
  /bin/ip $1 xfrm policy add src $2 dst $3 dir $4 tmpl proto esp mode transport
}
policy "" 10.9.0.1 10.9.0.2 out
policy "" 10.9.0.2 10.9.0.1 in
policy "-n b" 10.9.0.2 10.9.0.1 out
policy "-n b" 10.9.0.1 10.9.0.2 in
