import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError, installed } from '../implementation.ts';

/** What a page needs to be cross-origin isolated: exact clocks, and memory that threads share. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const HTML =
  '<!doctype html><title>virtio-crypto bench</title><link rel="icon" href="data:,"><script src="page.js"></script>';

export interface ServedPage {
  url: string;
  close(): Promise<void>;
}

/**
 * Bundles the page of the benchmark, and serves it to this machine alone.
 * @throws BenchError where Vite is not installed
 */
export async function servePage(): Promise<ServedPage> {
  const files = new Map([
    ['/', { type: 'text/html', content: HTML }],
    ['/page.js', { type: 'text/javascript', content: await bundle() }],
  ]);
  const server = createServer(({ url = '' }, response) => {
    const file = files.get(url);
    if (file) response.writeHead(200, { 'Content-Type': file.type, ...ISOLATION }).end(file.content);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new BenchError('The page could not be served.');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A browser keeps its connections for later.
        server.closeAllConnections();
      }),
  };
}

async function bundle(): Promise<string> {
  const vite = await installed(() => import('vite'));
  if (!vite) throw new BenchError('The page needs vite, which is not installed (npm install --no-save vite).');
  const bundles = await vite.build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      lib: {
        // Beside this file, in TypeScript as in what was made of it.
        entry: fileURLToPath(new URL(`page${extname(import.meta.url)}`, import.meta.url)),
        formats: ['iife'],
        name: 'virtioCryptoBenchPage',
      },
    },
  });
  const [first] = Array.isArray(bundles) ? bundles : [bundles];
  const script = first && 'output' in first ? first.output[0] : undefined;
  if (!script) throw new BenchError('Vite made no script of the page.');
  return script.code;
}
