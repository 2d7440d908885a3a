import { cacheName } from '../../service-worker/cache_name.ts';

/**
 * Keeps the guest's files for visits without a network, where the service worker finds them (web/service-worker/offline.ts). The machine's
 * worker keeps these files, because it has their bytes: a service worker would have to copy streams of many megabytes, and a browser may
 * end a service worker before its stream ends.
 * @param base the address of the page's folder
 */
export async function keepFiles(
  base: string,
  files: readonly (readonly [URL, Uint8Array<ArrayBuffer>])[],
): Promise<void> {
  // Copied before anything is waited for, because the machine changes its kernel's bytes.
  const copies = files.map(([url, bytes]) => [url, new Response(bytes)] as const);
  try {
    const cache = await caches.open(cacheName(base));
    await Promise.all(copies.map(([url, copy]) => cache.put(url, copy)));
  } catch (error) {
    console.warn('The guest cannot be kept for use without a network:', error);
  }
}
