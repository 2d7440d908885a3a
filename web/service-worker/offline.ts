// What the page needs without a network. Its own files are kept from its first visit on, the guest's when a machine has been started.

/** The cache of this folder's page: pages in other folders of the same origin have their own. */
const cacheOf = (scope: string) => caches.open(`virtio-crypto ${scope}`);
/** The page's own files, as web/offline_plugin.ts lists them. */
const LIST = 'offline.json';
const GUEST = 'guest/';
const GUEST_LIST = 'guest/manifest.json';

/** Whether something could not be kept: said once. */
let complained = false;

/**
 * Keeps a copy of what the host has answered to a request of the page. The browser may refuse it, for want of space: the page works on,
 * and needs its network.
 */
export async function keep(event: FetchEvent, scope: string, response: Response): Promise<void> {
  if (response.status !== 200) return;
  const cache = await cacheOf(scope);
  const key = keyOf(event.request, scope);
  const copy = response.clone();
  if (key === scope + GUEST_LIST) {
    // Another guest: its files take the place of the old one's, which must be gone before they are asked for.
    const [before, now] = [await (await cache.match(key))?.text(), await response.clone().text()];
    if (before !== now) await forget(cache, (url) => url.startsWith(scope + GUEST));
  }
  event.waitUntil(cache.put(key, copy).catch(complain));
}

/** What was kept of a request, if anything was. */
export async function keptFor(request: Request, scope: string): Promise<Response | undefined> {
  return (await cacheOf(scope)).match(keyOf(request, scope));
}

/**
 * Keeps every file of the page as its host has it now, and nothing of pages that it had before.
 * @param loaded addresses that the page has loaded; the guest's files among them are kept as well
 */
export async function keepPage(scope: string, loaded: readonly unknown[] = []): Promise<void> {
  try {
    const response = await fetch(scope + LIST, { cache: 'no-cache' });
    if (!response.ok) return;
    const listed: unknown = await response.json();
    if (!Array.isArray(listed)) return;
    const files = new Set(listed.map((file) => new URL(String(file), scope).href));
    const cache = await cacheOf(scope);
    await forget(cache, (url) => !files.has(url) && !url.startsWith(scope + GUEST));
    const kept = new Set((await cache.keys()).map(({ url }) => url));
    for (const url of loaded) if (String(url).startsWith(scope + GUEST)) files.add(String(url));
    await cache.addAll([...files].filter((url) => !kept.has(url)));
  } catch (error) {
    complain(error);
  }
}

async function forget(cache: Cache, isOld: (url: string) => boolean): Promise<void> {
  const old = (await cache.keys()).filter(({ url }) => isOld(url));
  await Promise.all(old.map((request) => cache.delete(request)));
}

/** The page itself has one name, whatever stands behind it in the address. */
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
