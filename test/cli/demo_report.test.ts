// The words for each outcome of the demo's checks.
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/cli/demo/compare.ts';
import { reportComparisons, reportSignature } from '../../src/cli/demo/report.ts';
import type { Output } from '../../src/cli/output.ts';
import { reportViolations } from '../../src/cli/violations.ts';

function said(report: (output: Output) => void): string[] {
  const lines: string[] = [];
  const line = (text: string) => void lines.push(text);
  report({
    line,
    ok: (text) => line(`ok ${text}`),
    failed: (text) => line(`failed ${text}`),
    stream: process.stderr,
    colors: pc.createColors(false),
  });
  return lines;
}

const comparison = (agrees: boolean, answered = true, bytes = 16): Comparison => ({
  direction: 'encrypt',
  keyBits: 128,
  bytes,
  answered,
  agrees,
});

describe('AF_ALG in the guest', () => {
  test('with the results of node:crypto', () => {
    const [line = '', ...more] = said((output) => reportComparisons([comparison(true), comparison(true)], output));
    expect(line).toMatch(
      /^ok 2 results equal node:crypto's: AF_ALG in the guest, keys of 128, 192, 256 bits, 16 B to /,
    );
    expect(more).toEqual([]);
  });

  test('with other results: each of them is named', () => {
    expect(said((output) => reportComparisons([comparison(true), comparison(false, true, 4096)], output))).toEqual([
      expect.stringMatching(/^failed 1 of 2 results differ/),
      '    encrypt, 128-bit key, 4096 bytes',
    ]);
  });

  test('without any result: the kernel refuses the driver, or lacks a module, and the remedy is named', () => {
    const lines = said((output) => reportComparisons([comparison(false, false), comparison(false, false)], output));
    expect(lines[0]).toMatch(
      /^failed AF_ALG in the guest gives no result on virtio_crypto_aes_cbc, so that nothing was compared/,
    );
    expect(lines.join(' ')).toContain('Since Linux 7.2 AF_ALG refuses drivers that answer later');
    expect(lines.join(' ')).toContain('docs/guests.md has what a guest needs');
    expect(lines).toHaveLength(3);
  });
});

test('a signature by keyctl: equal, different, or none', () => {
  const line = (signature: 'equal' | 'different' | 'no answer') =>
    said((output) => reportSignature(signature, output)).join();
  expect(line('equal')).toMatch(/^ok An RSA signature by keyctl/);
  expect(line('different')).toMatch(/^failed An RSA signature by keyctl in the guest is not node:crypto's/);
  expect(line('no answer')).toMatch(/^failed The guest signs nothing .* keyrings, and pkcs8_key_parser/);
});

describe('the driver under --check', () => {
  test('that breaks nothing', () => {
    expect(said((output) => reportViolations([], 'It broke nothing', output))).toEqual(['ok It broke nothing']);
  });

  test('that breaks a statement: section, statement, place, and how often', () => {
    const violation = {
      ...({ rule: '2.7.6-1', section: '2.7.6', level: 'must', statement: 'The driver must know.' } as const),
      ...{ seen: 'entry 0 is 8', queue: 1, at: 0, times: 3 },
    };
    expect(said((output) => reportViolations([violation], 'It broke nothing', output))).toEqual([
      'failed The driver broke 1 statements of the specification:',
      '    2.7.6  The driver must know.',
      '        queue 1: entry 0 is 8 (3 times)',
    ]);
  });
});
