import { expect, it } from 'vitest';
import { aesF8 } from './aes_f8.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

it('AES in f8 mode gives the figures of RFC 3711 appendix B.1', () => {
  const key = hex('234829008467be186c3de14aae72d62c');
  const mask = hex('32f2870d555555555555555555555555');
  const iv = hex('006e5cba50681de55c621599d462564a');
  const plaintext = Buffer.from('pseudorandomness is the next best thing');
  const ciphertext = hex('019ce7a26e7854014a6366aa95d4eefd 1ad4172a14f9faf455b7f1d4b62bd08f 562c0eef7c4802');
  expect(aesF8(key, mask, iv, plaintext)).toEqual(ciphertext);
  expect(aesF8(key, mask, iv, ciphertext)).toEqual(plaintext);
});
