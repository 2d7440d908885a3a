// A host of static files seldom lets its users choose headers. This service worker adds those of cross-origin isolation to
// everything that the page fetches from its own folder; it keeps nothing, so that a page is never older than its host's.

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== self.location.origin) return;
  // What may come from the browser's cache alone cannot be fetched from here.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(fetchIsolated(request));
});

async function fetchIsolated(request: Request): Promise<Response> {
  const response = await fetch(request);
  // A redirect that the browser has yet to follow: its headers are sealed.
  if (response.type === 'opaqueredirect') return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
