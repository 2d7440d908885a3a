// What the demo's checks come to, in words.
import { DEVICE_DRIVER } from '../../guest/measure.ts';
import type { Output } from '../output.ts';
import { type Comparison, KEY_BITS, LENGTHS } from './compare.ts';

/** The results of AF_ALG in the guest beside node:crypto's. */
export function reportComparisons(results: readonly Comparison[], output: Output): void {
  const failed = results.filter(({ agrees }) => !agrees);
  const what = `AF_ALG in the guest, keys of ${KEY_BITS.join(', ')} bits, ${LENGTHS[0]} B to ${(LENGTHS.at(-1) ?? 0) / 1024} KiB`;
  if (failed.length === 0) {
    output.ok(`${results.length} results equal node:crypto's: ${what}`);
    return;
  }
  if (results.every(({ answered }) => !answered)) {
    output.failed(`AF_ALG in the guest gives no result on ${DEVICE_DRIVER}, so that nothing was compared.`);
    output.line(
      'Since Linux 7.2 AF_ALG refuses drivers that answer later, as this one does; IPsec takes it there, too. An older',
    );
    output.line(
      'kernel may lack af_alg, algif_skcipher or the program kcapi-enc. docs/guests.md has what a guest needs.',
    );
    return;
  }
  output.failed(`${failed.length} of ${results.length} results differ from node:crypto's: ${what}`);
  for (const { direction, keyBits, bytes } of failed)
    output.line(`    ${direction}, ${keyBits}-bit key, ${bytes} bytes`);
}

/** The signature that the guest made by its keyrings. */
export function reportSignature(signature: 'equal' | 'different' | 'no answer', output: Output): void {
  if (signature === 'equal')
    output.ok("An RSA signature by keyctl in the guest equals node:crypto's: 2048 bits, SHA-256");
  else if (signature === 'different') output.failed("An RSA signature by keyctl in the guest is not node:crypto's.");
  else output.failed('The guest signs nothing with RSA by keyctl: its kernel needs keyrings, and pkcs8_key_parser.');
}
