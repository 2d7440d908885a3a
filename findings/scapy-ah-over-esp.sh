#!/usr/bin/env bash
# scapy 2.5.0 (Debian 12's python3-scapy, with python3-cryptography 38.0.4). It needs apt-get, dpkg-deb and Debian 12's python3.
# Expected by readers of RFC 4302 (3.3.3): AH's integrity check value covers the packet from the IP header on, whatever is behind AH.
# Seen: where the packet has ESP behind AH, in transport or tunnel mode, encrypt() makes a MAC of the ESP alone and writes it at ESP's
# end: the check value stays zeros, the packet is longer than its own length says, and scapy itself refuses it. With UDP it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq python3-scapy=2.5.0+dfsg-2 python3-cryptography=38.0.4-3+deb12u1 python3-cffi-backend=1.15.1-5+b1 > /dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
cat > ah.py << 'PY'
import hashlib, hmac, logging, sys, warnings

warnings.simplefilter('ignore')
logging.getLogger('scapy').setLevel(logging.ERROR)
from scapy.all import IP, UDP, conf, raw
from scapy.layers.ipsec import AH, ESP, IPSecIntegrityError, SecurityAssociation

print(f'scapy {conf.version}')
KEY = b'b' * 20


def association(**more):
    return SecurityAssociation(AH, spi=2, auth_algo='HMAC-SHA1-96', auth_key=KEY, **more)


def expected(packet):
    """The check value by RFC 4302 of an IPv4 header without options and AH of 24 bytes: TOS, flags, TTL, checksum and itself are zeros."""
    data = bytearray(raw(packet))
    for at in (1, 6, 7, 8, 10, 11, *range(32, 44)):
        data[at] = 0
    return hmac.new(KEY, data, hashlib.sha1).digest()[:12]


def accepted(packet):
    try:
        association().decrypt(IP(raw(packet)))
        return True
    except IPSecIntegrityError:
        return False


plain = IP(src='10.0.0.1', dst='10.0.0.2') / UDP(sport=1000, dport=2000) / b'hello'
esp = SecurityAssociation(ESP, spi=1, crypt_algo='AES-CBC', crypt_key=b'k' * 16, auth_algo='HMAC-SHA1-96', auth_key=b'a' * 20)
inner = {'UDP': plain, 'ESP': esp.encrypt(plain)}
modes = {'transport': {}, 'tunnel': {'tunnel_header': IP(src='192.0.2.1', dst='192.0.2.2')}}
changed = False
for mode, options in modes.items():
    for name, packet in inner.items():
        made = association(**options).encrypt(packet)
        right = made[AH].icv == expected(made)
        surplus = len(raw(made)) - made.len
        print(f'{mode} mode, {name} behind AH: check value {made[AH].icv.hex()}, {"right" if right else "wrong"}; '
              f'{surplus} bytes more than the IP header says')
        if name == 'UDP':
            changed |= not right or surplus != 0
        else:
            changed |= made[AH].icv != bytes(12) or surplus != 12 or accepted(made)

# A packet of ESP with the right check value, made by hand: scapy takes it.
good = raw(IP(src='10.0.0.1', dst='10.0.0.2', proto=51, len=44 + len(inner['ESP'].payload)))
good += bytes([50, 4, 0, 0]) + (2).to_bytes(4, 'big') + (1).to_bytes(4, 'big') + bytes(12) + raw(inner['ESP'].payload)
good = good[:32] + expected(IP(good)) + good[44:]
print(f'the same with the right check value: {"accepted" if accepted(IP(good)) else "refused"} by scapy')
changed |= not accepted(IP(good))
sys.exit(1 if changed else 0)
PY
PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 ah.py
