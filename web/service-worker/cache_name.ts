/** The name of the cache of one folder's page. Pages in other folders of the same origin have their own caches. */
export const cacheName = (folder: string): string => `virtio-crypto ${folder}`;
