// Stands between the page and its host. It adds the headers of cross-origin isolation, which few hosts of static files let their users
// choose, and it keeps what the page has loaded, for a visit without a network. It always asks the host first, so that a page is never
// older than its host's.
import { keep, keepPage, keptFor } from './offline.ts';

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

// Each page says once what it has loaded: this worker may not have seen all of its requests.
self.addEventListener('message', (event) => {
  event.waitUntil(keepPage(self.registration.scope, Array.isArray(event.data) ? event.data : []));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  // What may come from the browser's cache alone cannot be fetched from here.
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
  // A redirect that the browser has yet to follow: its headers are sealed.
  if (response.type === 'opaqueredirect') return response;
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
