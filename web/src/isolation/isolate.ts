import { signal } from '@preact/signals';

/** Why the page is not cross-origin isolated. */
export type Obstacle = 'insecure' | 'framed' | 'refused' | 'useless';

/** What keeps the page from being isolated; nothing when it is. */
export const obstacle = signal<Obstacle | undefined>(undefined);

/** Remembers over a reload that it was for isolation's sake. */
const RELOADED = 'reloaded for isolation';
/** A service worker that is not there by then is not waited for. */
const PATIENCE_MS = 4_000;

/**
 * Makes the page cross-origin isolated where its host sends no headers for it: a service worker adds them, from the next
 * load on. So the page is loaded anew, once.
 * @returns whether the page is about to be loaded anew, and need not be drawn
 */
export async function isolate(): Promise<boolean> {
  if (globalThis.crossOriginIsolated) {
    remember(false);
    // The page needs no worker for its headers then, but for visits without a network.
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
  // A frame is isolated only if what it stands in is.
  if (window.top !== window) return 'framed';
  if (!(await untilControlled())) return 'refused';
  return remember(true) ? undefined : 'useless';
}

/** Whether a service worker stands between the page and its host. */
async function untilControlled(): Promise<boolean> {
  // Some browsers have none in private windows.
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
 * Has the service worker keep the page for visits without a network. It is told what was loaded before it stood between the page and its
 * host.
 */
function askToKeep(controlled: boolean): void {
  if (!controlled) return;
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  navigator.serviceWorker.controller?.postMessage(loaded);
}

/** Notes whether the page is loaded anew now; false when it already was, or when nothing can be noted. */
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
