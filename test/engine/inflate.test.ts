import { deflateRawSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ENGINE_DEFLATED } from '../../src/engine/binary.ts';
import { inflateBase64 } from '../../src/engine/inflate.ts';

const { getBuiltinModule } = process;
afterEach(() => {
  Object.assign(process, { getBuiltinModule });
});

test.each([
  ['Node', getBuiltinModule],
  ['a browser, which has no zlib', undefined],
])('binaries are inflated in %s', (_, builtin) => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >> 7);
  const engine = inflateBase64(ENGINE_DEFLATED);
  Object.assign(process, { getBuiltinModule: builtin });
  expect(inflateBase64(deflateRawSync(bytes).toString('base64'))).toEqual(bytes);
  expect(inflateBase64(ENGINE_DEFLATED)).toEqual(engine);
  expect(() => inflateBase64('AAAA')).toThrow();
});
