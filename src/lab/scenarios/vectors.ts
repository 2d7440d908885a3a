// Published vectors: what a kernel's self-test compares with.

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** SP 800-38A, F.2.1 and F.2.2: the first two blocks. */
export const AES_CBC = {
  key: hex('2b7e151628aed2a6abf7158809cf4f3c'),
  iv: hex('000102030405060708090a0b0c0d0e0f'),
  plaintext: hex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51'),
  ciphertext: hex('7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2'),
} as const;

/** SP 800-38A, F.5.1: the first block. */
export const AES_CTR = {
  key: AES_CBC.key,
  iv: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
  plaintext: AES_CBC.plaintext.slice(0, 16),
  ciphertext: hex('874d6191b620e3261bef6864990db6ce'),
} as const;

/** The GCM submission of McGrew and Viega, test case 4: ciphertext, then tag. */
export const AES_GCM = {
  key: hex('feffe9928665731c6d6a8f9467308308'),
  iv: hex('cafebabefacedbaddecaf888'),
  aad: hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
  plaintext: hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ),
  ciphertext: hex(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  ),
} as const;

/** FIPS 180-4, the example of one block. */
export const SHA_256 = {
  message: text('abc'),
  digest: hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
} as const;

/** RFC 4231, test case 2. */
export const HMAC_SHA_256 = {
  key: text('Jefe'),
  message: text('what do ya want for nothing?'),
  mac: hex('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
} as const;
