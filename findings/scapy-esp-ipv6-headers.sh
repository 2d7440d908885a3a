#!/usr/bin/env bash
# scapy 2.5.0 (Debian 12's python3-scapy, with python3-cryptography 38.0.4). It needs apt-get, dpkg-deb and Debian 12's python3.
# Expected by readers of RFC 4303 (3.1.1) and RFC 8200 (8.1): in transport mode a routing header of any type stands in front of ESP; what
# was behind the headers comes back as it was; and UDP in IPv6 has a checksum, because receivers discard a zero.
# Seen: a segment routing header is encrypted with the content; decrypt() reads the content as one more header of the first header's kind
# (TCP is lost behind options, and behind a routing header a ValueError rises); UDP encapsulation in IPv6 has the checksum 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq python3-scapy=2.5.0+dfsg-2 python3-cryptography=38.0.4-3+deb12u1 python3-cffi-backend=1.15.1-5+b1 > /dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat > esp.py << 'PY'
import logging, sys, warnings

warnings.simplefilter('ignore')
logging.getLogger('scapy').setLevel(logging.ERROR)
from scapy.all import IPv6, TCP, UDP, conf, raw
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, IPv6ExtHdrSegmentRouting, RouterAlert
from scapy.layers.ipsec import ESP, SecurityAssociation

print(f'scapy {conf.version}')
changed = False


def association(**more):
    return SecurityAssociation(ESP, spi=1, crypt_algo='AES-CBC', crypt_key=b'k' * 16, auth_algo='HMAC-SHA1-96', auth_key=b'a' * 20, **more)


def names(packet):
    return ' / '.join(layer.__name__ for layer in packet.layers())


def expect(text, seen, wanted):
    global changed
    print(f'{text}: {seen}')
    changed |= seen != wanted


ip = IPv6(src='fd00::1', dst='fd00::2')
content = TCP(sport=1000, dport=2000) / b'hello'
headers = {
    'no header': [],
    'hop-by-hop options': [IPv6ExtHdrHopByHop(options=[RouterAlert()])],
    'destination options': [IPv6ExtHdrDestOpt()],
    'a routing header of type 0': [IPv6ExtHdrRouting(addresses=['fd00::3'], segleft=1)],
    'a segment routing header': [IPv6ExtHdrSegmentRouting(addresses=['fd00::3', 'fd00::2'], segleft=1)],
}
encrypted = {}
for name, layers in headers.items():
    packet = ip
    for layer in layers:
        packet = packet / layer
    encrypted[name] = IPv6(raw(association().encrypt(packet / content)))

expect('encrypted, a routing header of type 0', names(encrypted['a routing header of type 0']), 'IPv6 / IPv6ExtHdrRouting / ESP')
expect('encrypted, a segment routing header', names(encrypted['a segment routing header']), 'IPv6 / ESP')

decrypted = {
    'no header': 'IPv6 / TCP / Raw',
    'hop-by-hop options': 'IPv6 / IPv6ExtHdrHopByHop / IPv6ExtHdrHopByHop',
    'destination options': 'IPv6 / IPv6ExtHdrDestOpt / IPv6ExtHdrDestOpt',
    'a routing header of type 0': 'ValueError',
}
for name, wanted in decrypted.items():
    try:
        seen = names(association().decrypt(encrypted[name]))
    except ValueError:
        seen = 'ValueError'
    expect(f'decrypted, {name}', seen, wanted)

udp = IPv6(raw(association(nat_t_header=UDP(sport=4500, dport=4500)).encrypt(ip / content)))
expect('UDP encapsulation in IPv6, checksum', udp[UDP].chksum, 0)
sys.exit(1 if changed else 0)
PY
PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 esp.py
