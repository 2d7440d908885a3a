// Published figures of hashes and HMAC.
import {
  HASH_MD5,
  HASH_SHA_224,
  HASH_SHA_256,
  HASH_SHA_384,
  HASH_SHA_512,
  HASH_SHA1,
  HASH_SHA3_224,
  HASH_SHA3_256,
  HASH_SHA3_384,
  HASH_SHA3_512,
  HASH_SHAKE128,
  HASH_SHAKE256,
} from '../../spec/crypto.ts';

const twoBlocks = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
/** Of hashes: where the figure stands, the algorithm, the message, the digest. */
export const DIGESTS = [
  ['RFC 1321 appendix A.5', HASH_MD5, '', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['RFC 1321 appendix A.5', HASH_MD5, 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['RFC 1321 appendix A.5', HASH_MD5, 'message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['RFC 1321 appendix A.5', HASH_MD5, '1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
  ['FIPS 180-4, SHA-1', HASH_SHA1, 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['FIPS 180-4, SHA-1', HASH_SHA1, twoBlocks, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ['FIPS 180-4, SHA-224', HASH_SHA_224, 'abc', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['FIPS 180-4, SHA-256', HASH_SHA_256, 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['FIPS 180-4, SHA-256', HASH_SHA_256, twoBlocks, '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  [
    'FIPS 180-4, SHA-384',
    HASH_SHA_384,
    'abc',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'FIPS 180-4, SHA-512',
    HASH_SHA_512,
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  ['FIPS 202, SHA3-224', HASH_SHA3_224, '', '6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7'],
  ['FIPS 202, SHA3-256', HASH_SHA3_256, '', 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'],
  [
    'FIPS 202, SHA3-384',
    HASH_SHA3_384,
    '',
    '0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004',
  ],
  [
    'FIPS 202, SHA3-512',
    HASH_SHA3_512,
    '',
    'a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6 15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26',
  ],
  ['FIPS 202, SHAKE128', HASH_SHAKE128, '', '7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26'],
  ['FIPS 202, SHAKE256', HASH_SHAKE256, '', '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f'],
] as const;

/** Of HMAC, test case 2 of RFC 2202 and RFC 4231: the algorithm and the result. */
export const MACS = [
  [HASH_MD5, '750c783e6ab0b503eaa86e310a5db738'],
  [HASH_SHA1, 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  [HASH_SHA_224, 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44'],
  [HASH_SHA_256, '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [HASH_SHA_384, 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649'],
  [
    HASH_SHA_512,
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  ],
] as const;
