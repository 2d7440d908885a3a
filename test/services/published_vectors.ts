// One vector of each algorithm that was published with it, and what must not be taken for it, in the form of Project Wycheproof's files
// and under their names.
const CBC = { key: '2b7e151628aed2a6abf7158809cf4f3c', iv: '000102030405060708090a0b0c0d0e0f' };
const CBC_BLOCK = { msg: '6bc1bee22e409f96e93d7e117393172a', ct: '7649abac8119b246cee98e9b12e9197d' };

const GCM = {
  key: 'feffe9928665731c6d6a8f9467308308',
  iv: 'cafebabefacedbaddecaf888',
  aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  msg: 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ct: '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
};

const CHACHA = {
  key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
  iv: '070000004041424344454647',
  aad: '50515253c0c1c2c3c4c5c6c7',
  msg: Buffer.from(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ).toString('hex'),
  ct:
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
    '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116',
};

const HMAC = {
  key: Buffer.from('Jefe').toString('hex'),
  msg: Buffer.from('what do ya want for nothing?').toString('hex'),
};

export const PUBLISHED: Readonly<Record<string, readonly object[]>> = {
  // SP 800-38A, F.2.1: its first block, with a block of padding, and without.
  'aes_cbc_pkcs5_test.json': [
    { tcId: -1, ...CBC, ...CBC_BLOCK, ct: `${CBC_BLOCK.ct}8964e0b149c10b7b682e6e39aaeb731c`, result: 'valid' },
    { tcId: -2, ...CBC, ...CBC_BLOCK, result: 'invalid' },
  ],
  // IEEE 1619, vector 2.
  'aes_xts_test.json': [
    {
      tcId: -1,
      key: '11'.repeat(16) + '22'.repeat(16),
      iv: '3333333333',
      msg: '44'.repeat(32),
      ct: 'c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0',
      result: 'valid',
    },
  ],
  // The GCM submission of McGrew and Viega, test case 4.
  'aes_gcm_test.json': [
    { tcId: -1, ...GCM, tag: '5bc94fbc3221a5db94fae95ae7121a47', result: 'valid' },
    { tcId: -2, ...GCM, tag: '5bc94fbc3221a5db94fae95ae7121a46', result: 'invalid' },
  ],
  // RFC 8439, 2.8.2.
  'chacha20_poly1305_test.json': [
    { tcId: -1, ...CHACHA, tag: '1ae10b594f09e26a7e902ecbd0600691', result: 'valid' },
    { tcId: -2, ...CHACHA, tag: '1ae10b594f09e26a7e902ecbd0600690', result: 'invalid' },
  ],
  // RFC 2202 and RFC 4231, test case 2.
  'hmac_sha1_test.json': [
    { tcId: -1, ...HMAC, tag: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79', result: 'valid' },
    { tcId: -2, ...HMAC, tag: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c78', result: 'invalid' },
  ],
  'hmac_sha256_test.json': [
    { tcId: -1, ...HMAC, tag: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', result: 'valid' },
    { tcId: -2, ...HMAC, tag: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3842', result: 'invalid' },
  ],
};
