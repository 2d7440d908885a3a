// Published figures of AES modes.

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const SP_800_38A_PLAINTEXT = hex(
  '6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710',
);

/** NIST SP 800-38A appendices F.1 and F.5. */
export const SP_800_38A = [
  {
    bits: 128,
    key: hex('2b7e151628aed2a6abf7158809cf4f3c'),
    ecb: '3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf 43b1cd7f598ece23881b00e3ed030688 7b0c785e27e8ad3f8223207104725dd4',
    ctr: '874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff 5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee',
  },
  {
    bits: 192,
    key: hex('8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b'),
    ecb: 'bd334f1d6e45f25ff712a214571fa5cc 974104846d0ad3ad7734ecb3ecee4eef ef7afd2270e2e60adce0ba2face6444e 9a4b41ba738d6c72fb16691603c18e0e',
    ctr: '1abc932417521ca24f2b0459fe7e6e0b 090339ec0aa6faefd5ccc2c6f4ce8e94 1e36b26bd1ebc670d1bd1d665620abf7 4f78a7f6d29809585a97daec58c6b050',
  },
  {
    bits: 256,
    key: hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'),
    ecb: 'f3eed1bdb5d2a03c064b5a7e3db181f8 591ccb10d410ed26dc5ba74a31362870 b6ed21b99ca6f4f9f153e7b1beafed1d 23304b7a39f9f3ff067d8d8f9e24ecc7',
    ctr: '601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5 2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6',
  },
].map(({ ecb, ctr, ...rest }) => ({
  ...rest,
  plaintext: SP_800_38A_PLAINTEXT,
  counter: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
  ecb: hex(ecb),
  ctr: hex(ctr),
}));

const STEALING_KEY = 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0';
const STEALING_TWEAK = '9a785634120000000000000000000000';

/** IEEE Std 1619-2018 annex B, by number of the vector; 15 to 18 steal ciphertext. */
export const IEEE_1619 = [
  [
    1,
    '00'.repeat(32),
    '00'.repeat(16),
    '00'.repeat(32),
    '917cf69ebd68b2ec9b9fe9a3eadda692 cd43d2f59598ed858c02c2652fbf922e',
  ],
  [
    2,
    '11'.repeat(16) + '22'.repeat(16),
    '33333333330000000000000000000000',
    '44'.repeat(32),
    'c454185e6a16936e39334038acef838b fb186fff7480adc4289382ecd6d394f0',
  ],
  [15, STEALING_KEY, STEALING_TWEAK, '000102030405060708090a0b0c0d0e0f10', '6c1625db4671522d3d7599601de7ca09ed'],
  [16, STEALING_KEY, STEALING_TWEAK, '000102030405060708090a0b0c0d0e0f1011', 'd069444b7a7e0cab09e24447d24deb1fedbf'],
  [
    17,
    STEALING_KEY,
    STEALING_TWEAK,
    '000102030405060708090a0b0c0d0e0f101112',
    'e5df1351c0544ba1350b3363cd8ef4beedbf9d',
  ],
  [
    18,
    STEALING_KEY,
    STEALING_TWEAK,
    '000102030405060708090a0b0c0d0e0f10111213',
    '9d84c813f719aa2c7be3f66171c7c5c2edbf9dac',
  ],
].map(([vector, key, tweak, plaintext, ciphertext]) => ({
  vector,
  key: hex(String(key)),
  tweak: hex(String(tweak)),
  plaintext: hex(String(plaintext)),
  ciphertext: hex(String(ciphertext)),
}));

/** RFC 3711 appendix B.1. */
export const RFC_3711 = {
  key: hex('234829008467be186c3de14aae72d62c'),
  mask: hex('32f2870d555555555555555555555555'),
  iv: hex('006e5cba50681de55c621599d462564a'),
  plaintext: Buffer.from('pseudorandomness is the next best thing'),
  ciphertext: hex('019ce7a26e7854014a6366aa95d4eefd 1ad4172a14f9faf455b7f1d4b62bd08f 562c0eef7c4802'),
};

const CMACS: Record<number, string[]> = {
  128: [
    'bb1d6929e95937287fa37d129b756746',
    '070a16b46b4d4144f79bdd9dd04a287c',
    'dfa66747de9ae63030ca32611497c827',
    '51f0bebf7e3b9d92fc49741779363cfe',
  ],
  192: [
    'd17ddf46adaacde531cac483de7a9367',
    '9e99a7bf31e710900662f65e617c5184',
    '8a1de5be2eb31aad089a82e6ee908b0e',
    'a1d5df0eed790f794d77589659f39a11',
  ],
  256: [
    '028962f61b7bf89efc6b551f4667d983',
    '28a7023f452e8f82bd4bf28d8c37c35c',
    'aaf3d8f1de5640c232f5b169b9c911e6',
    'e1992190549f6ed5696a2c056c315410',
  ],
};

/** NIST SP 800-38B appendix D: results for the first 0, 16, 40 and 64 bytes of SP 800-38A's plaintext. */
export const SP_800_38B = SP_800_38A.flatMap(({ bits, key, plaintext }) =>
  [0, 16, 40, 64].map((bytes, n) => ({
    bits,
    bytes,
    key,
    message: plaintext.subarray(0, bytes),
    mac: hex(CMACS[bits]?.[n] ?? ''),
  })),
);

const counting = (bytes: number, first = 0): Buffer => Buffer.from(Array.from({ length: bytes }, (_, n) => n + first));

/** RFC 3566 section 4.6, all under the key 000102...0f. */
export const RFC_3566 = [
  { message: counting(0), mac: '75f0251d528ac01c4573dfd584d79f29' },
  { message: counting(3), mac: '5b376580ae2f19afe7219ceef172756f' },
  { message: counting(16), mac: 'd2a246fa349b68a79998a4394ff7a263' },
  { message: counting(20), mac: '47f51b4564966215b8985c63055ed308' },
  { message: counting(32), mac: 'f54f0ec8d2b9f3d36807734bd5283fd4' },
  { message: counting(34), mac: 'becbb3bccdb518a30677d5481fb6b4d8' },
  { message: Buffer.alloc(1000), mac: 'f0dafee895db30253761103b5d84528f' },
].map(({ message, mac }) => ({ message, bytes: message.length, mac: hex(mac) }));

const GCM_KEY = hex('feffe9928665731c6d6a8f9467308308');
const GCM_TEXT = hex(
  'd9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39',
);
const GCM_AAD = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');

/** D. McGrew and J. Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, to which SP 800-38D refers: by test case. */
export const GCM_FIGURES = [
  {
    number: 1,
    key: Buffer.alloc(16),
    iv: Buffer.alloc(12),
    aad: Buffer.alloc(0),
    plaintext: Buffer.alloc(0),
    ciphertext: '',
    tag: '58e2fccefa7e3061367f1d57a4e7455a',
  },
  {
    number: 2,
    key: Buffer.alloc(16),
    iv: Buffer.alloc(12),
    aad: Buffer.alloc(0),
    plaintext: Buffer.alloc(16),
    ciphertext: '0388dace60b6a392f328c2b971b2fe78',
    tag: 'ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    number: 4,
    key: GCM_KEY,
    iv: hex('cafebabefacedbaddecaf888'),
    aad: GCM_AAD,
    plaintext: GCM_TEXT,
    ciphertext:
      '42831ec2217774244b7221b784d0d49c e3aa212f2c02a4e035c17e2329aca12e 21d514b25466931c7d8f6a5aac84aa05 1ba30b396a0aac973d58e091',
    tag: '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    number: 5,
    key: GCM_KEY,
    iv: hex('cafebabefacedbad'),
    aad: GCM_AAD,
    plaintext: GCM_TEXT,
    ciphertext:
      '61353b4c2806934a777ff51fa22a4755 699b2a714fcdc6f83766e5f97b6c7423 73806900e49f24b22b097544d4896b42 4989b5e1ebac0f07c23f4598',
    tag: '3612d2e79e3b0785561be14aaca2fccb',
  },
].map(({ ciphertext, tag, ...rest }) => ({ ...rest, ciphertext: hex(ciphertext), tag: hex(tag) }));

/** NIST SP 800-38C appendix C, by example. */
export const CCM_FIGURES = [
  [1, 7, counting(8), 4, '7162015b', '4dac255d'],
  [2, 8, counting(16), 16, 'd2a1f0e051ea5f62081a7792073d593d', '1fc64fbfaccd'],
  [3, 12, counting(20), 24, 'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5', '484392fbc1b09951'],
  [
    4,
    13,
    counting(65_536),
    32,
    '69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72',
    'b4ac6bec93e8598e7f0dadbcea5b',
  ],
].map(([number, nonceBytes, aad, bytes, ciphertext, tag]) => ({
  number,
  key: counting(16, 0x40),
  nonce: counting(Number(nonceBytes), 0x10),
  aad: aad as Buffer,
  plaintext: counting(Number(bytes), 0x20),
  ciphertext: hex(String(ciphertext)),
  tag: hex(String(tag)),
}));
