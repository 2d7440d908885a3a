import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Compiles the engine's checks, with a constant of spec/engine.ts moved by so many bytes. Answers what the compiler reports. */
async function reportWith(constant: string, moved: number): Promise<string> {
  let report = '';
  const read = (name: string, base = '.'): string | null => {
    const path = join(base, name);
    let text: string;
    try {
      text = readFileSync(join(ROOT, path), 'utf8');
    } catch {
      return null;
    }
    if (path !== join('spec', 'engine.ts')) return text;
    const changed = text.replace(
      new RegExp(`^export const ${constant} = (\\d+);$`, 'm'),
      (_, value: string) => `export const ${constant} = ${Number(value) + moved};`,
    );
    if (moved !== 0) expect(changed, constant).not.toBe(text);
    return changed;
  };
  const write = {
    write(text: string | Uint8Array): void {
      report += text.toString();
    },
  };
  const options = ['assembly/agreement.ts', '--config', 'asconfig.json', '--noEmit', '--optimizeLevel', '0'];
  const { error } = await asc.main(options, { readFile: read, stdout: write, stderr: write });
  return error ? report : '';
}

test('the engine compiles where its host reads its fields', async () => {
  expect(await reportWith('SESSION_ALGO', 0)).toBe('');
});

test.each(['SESSION_ALGO', 'SESSION_KEY_BYTES_MAX', 'DEFERRED_WRITABLE_COUNT', 'OPERATION_TAG', 'JOB_OPERATION_BYTES'])(
  'the engine does not compile where %s is another one for its host',
  async (constant) => {
    expect(await reportWith(constant, 4)).toContain("User-defined: '");
  },
);
