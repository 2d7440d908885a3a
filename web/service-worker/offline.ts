// Keeps the page's own files for visits without a network, from the first visit on. The guest's files are kept by the machine's worker, once
// a machine starts (web/src/vm/kept_files.ts). A browser may refuse to keep a file, because it lacks space or because of its settings. The
// page then still needs its network.
import { cacheName } from './cache_name.ts';

/** The page's own files, as web/offline_plugin.ts lists them. */
const LIST = 'offline.json';
const GUEST = 'guest/';
const GUEST_LIST = 'guest/manifest.json';

const cacheOf = (scope: string) => caches.open(cacheName(scope));

/** Whether the console already has a warning about a file that could not be kept. */
let complained = false;

/** Whether a request is for one of the guest's large files, which pass through the service worker unread. */
export function isGuestFile({ url }: Request, scope: string): boolean {
  return url.startsWith(scope + GUEST) && !url.startsWith(scope + GUEST_LIST);
}

/** Keeps a copy of the host's answer to a request of the page. Resolves before the copy is complete. */
export async function keep(event: FetchEvent, scope: string, response: Response): Promise<void> {
  if (response.status !== 200) return;
  const copy = response.clone();
  try {
    const cache = await cacheOf(scope);
    const key = keyOf(event.request, scope);
    // There is another guest. Its predecessor's files must be gone before the page asks for the new files.
    if (key === scope + GUEST_LIST && (await isAnother(cache, key, response.clone()))) {
      await forget(cache, (url) => url.startsWith(scope + GUEST));
    }
    event.waitUntil(cache.put(key, copy).catch(complain));
  } catch (error) {
    complain(error);
  }
}

/** The kept copy of the answer to a request, if there is one. */
export async function keptFor(request: Request, scope: string): Promise<Response | undefined> {
  try {
    // The key is only the address. The headers that the host's answer varies by do not matter.
    return await (await cacheOf(scope)).match(keyOf(request, scope), { ignoreVary: true });
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/**
 * Keeps every file of the page as its host has it now, and removes the files of older pages.
 * @param loaded addresses that the page has loaded; the list of the guest's files is kept if it is among these
 */
export async function keepPage(scope: string, loaded: readonly unknown[]): Promise<void> {
  try {
    const response = await fetch(scope + LIST, { cache: 'no-cache' });
    if (!response.ok) return;
    const listed: unknown = await response.json();
    if (!Array.isArray(listed)) return;
    const own = new Set(listed.map((file) => new URL(String(file), scope).href));
    const guests = loaded.map(String).filter((url) => url === scope + GUEST_LIST);
    const cache = await cacheOf(scope);
    const kept = new Set((await cache.keys()).map(({ url }) => url));
    await cache.addAll([...own, ...new Set(guests)].filter((url) => !kept.has(url)));
    // The new page is complete: the files of older ones can go.
    await forget(cache, (url) => !own.has(url) && !url.startsWith(scope + GUEST));
  } catch (error) {
    complain(error);
  }
}

async function isAnother(cache: Cache, key: string, now: Response): Promise<boolean> {
  return (await (await cache.match(key, { ignoreVary: true }))?.text()) !== (await now.text());
}

async function forget(cache: Cache, isOld: (url: string) => boolean): Promise<void> {
  const old = (await cache.keys()).filter(({ url }) => isOld(url));
  await Promise.all(old.map((request) => cache.delete(request, { ignoreVary: true })));
}

/** The page itself has one key, whatever follows it in the address. */
function keyOf({ url, mode }: Request, scope: string): string {
  if (mode === 'navigate') return scope;
  const address = new URL(url);
  return address.origin + address.pathname;
}

function complain(error: unknown): void {
  if (complained) return;
  complained = true;
  console.warn('The page cannot be kept for use without a network:', error);
}
