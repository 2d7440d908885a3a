import { type Obstacle, obstacle } from '../isolation/isolate.ts';

/** The smallest module that needs WebAssembly SIMD: one function that makes a v128 and drops it. */
const SIMD_MODULE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11],
);

export interface Lack {
  /** Whether the machine can run without it. */
  fatal: boolean;
  what: string;
  remedy: string;
}

const HEADERS = 'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
const WAYS_TO_ISOLATION: Record<Obstacle, string> = {
  insecure: 'Serve it over https or from localhost.',
  framed: 'It stands in another page: open it in a tab of its own.',
  refused: `The service worker that makes it so could not be installed: allow it (a private window, or blocked cookies and site data, may forbid it), or serve the page with the headers ${HEADERS}.`,
  useless: `Its service worker did not help: reload the page, or serve it with the headers ${HEADERS}.`,
};

/** Features that this browser lacks, or that the page's host has to allow. */
export function lacks(): Lack[] {
  const found: Lack[] = [];
  if (typeof WebAssembly !== 'object') {
    found.push({
      fatal: true,
      what: 'This browser has no WebAssembly.',
      remedy: 'Use a current Chrome, Edge, Firefox or Safari.',
    });
  } else if (!WebAssembly.validate(SIMD_MODULE)) {
    found.push({
      fatal: true,
      what: 'This browser’s WebAssembly has no SIMD, which the device computes with.',
      remedy: 'Use Chrome or Edge 91, Firefox 89, Safari 16.4 or newer, and do not switch SIMD off.',
    });
  }
  if (obstacle.value) {
    found.push({
      fatal: false,
      what: 'The page is not cross-origin isolated: clocks are coarse, and threads cannot share memory. Requests run inline, in the machine’s own thread.',
      remedy: WAYS_TO_ISOLATION[obstacle.value],
    });
  }
  return found;
}
