import { signal } from '@preact/signals';

/** Why the page is not cross-origin isolated. */
export type Obstacle = 'insecure' | 'framed' | 'refused' | 'useless';

/** Why the page is not isolated; undefined if it is. */
export const obstacle = signal<Obstacle | undefined>(undefined);

/** Key in the session storage. It remembers that the page was reloaded to become isolated. */
const RELOADED = 'reloaded for isolation';
/** How long the page waits for its service worker. */
const PATIENCE_MS = 4_000;

/**
 * Makes the page cross-origin isolated if its host sends no headers for it. A service worker adds these headers from the next load on,
 * so the page reloads once.
 * @returns whether the page is about to reload, and need not be drawn
 */
export async function isolate(): Promise<boolean> {
  if (globalThis.crossOriginIsolated) {
    remember(false);
    // The page needs no service worker for its headers then, but it needs one for visits without a network.
    if (import.meta.env.PROD) void untilControlled().then(askToKeep);
    return false;
  }
  obstacle.value = await reasonNotToReload();
  if (obstacle.value) return false;
  location.reload();
  return true;
}

async function reasonNotToReload(): Promise<Obstacle | undefined> {
  if (!globalThis.isSecureContext) return 'insecure';
  // A frame is isolated only if the page around it is.
  if (window.top !== window) return 'framed';
  if (!(await untilControlled())) return 'refused';
  return remember(true) ? undefined : 'useless';
}

/** Whether a service worker stands between the page and its host. */
async function untilControlled(): Promise<boolean> {
  // Some browsers have no service workers in private windows.
  const { serviceWorker }: Partial<Pick<Navigator, 'serviceWorker'>> = navigator;
  if (!serviceWorker) return false;
  if (serviceWorker.controller) return true;
  const controlled = new Promise<boolean>((resolve) => {
    serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true });
    setTimeout(() => resolve(false), PATIENCE_MS);
  });
  try {
    await serviceWorker.register(new URL('service_worker.js', document.baseURI));
  } catch {
    return false;
  }
  return controlled;
}

/**
 * Asks the service worker to keep the page for visits without a network. Tells it which files were loaded, because it has not seen the
 * requests before its own start.
 */
function askToKeep(controlled: boolean): void {
  if (!controlled) return;
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  navigator.serviceWorker.controller?.postMessage(loaded);
}

/** Notes whether the page reloads now. False: it has already reloaded, or the browser stores nothing. */
function remember(reloading: boolean): boolean {
  try {
    const before = sessionStorage.getItem(RELOADED) !== null;
    if (reloading) sessionStorage.setItem(RELOADED, 'yes');
    else sessionStorage.removeItem(RELOADED);
    return !before;
  } catch {
    return false;
  }
}
