// Stands between the page and its host. It adds the headers of cross-origin isolation, because few hosts of static files let their users
// choose headers. It keeps the files that the page has loaded, for a visit without a network. It always asks the host first, so the page
// is never older than the host's page.
import { isGuestFile, keep, keepPage, keptFor } from './offline.ts';

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

// Each page tells this worker once which files it has loaded, because the worker may not have seen all of its requests.
self.addEventListener('message', (event) => {
  event.waitUntil(keepPage(self.registration.scope, Array.isArray(event.data) ? event.data : []));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  // A service worker cannot fetch a request that may only come from the browser's cache.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(answer(event));
});

async function answer(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const { scope } = self.registration;
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    const kept = await keptFor(request, scope);
    if (kept) return isolated(kept);
    throw error;
  }
  // The browser follows this redirect itself, and its headers cannot be changed.
  if (response.type === 'opaqueredirect') return response;
  // The browser passes such a file on by itself if its body is not touched here.
  if (isGuestFile(request, scope)) return response;
  await keep(event, scope, response);
  return isolated(response);
}

function isolated(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
