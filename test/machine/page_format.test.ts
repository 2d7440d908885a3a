import { describe, expect, test } from 'vitest';
import { exitStatusText, figure } from '../../web/src/ui/format.ts';

describe('the page’s figures', () => {
  test.each([
    [0, '0'],
    [0.000016, '0.000016'],
    [0.0482, '0.048'],
    [0.1, '0.1'],
    [0.944, '0.94'],
    [0.951, '1.0'],
    [1, '1.0'],
    [66.66, '66.7'],
    [1234.5, '1234.5'],
  ])('%f is shown as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  test('an exit status that is an error of the kernel is explained', () => {
    expect(exitStatusText(234)).toContain('256 − 22: the kernel’s error EINVAL');
    expect(exitStatusText(1)).toBe('status 1');
  });
});
