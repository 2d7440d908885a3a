import * as v from 'valibot';
import { keepFiles } from './kept_files.ts';
import type { GuestFile } from './protocol.ts';

const File = v.object({
  file: v.pipe(v.string(), v.regex(/^[\w.-]+$/)),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
const Manifest = v.object({
  kernelVersion: v.string(),
  /** Whether the guest has OpenSSL over the device. */
  tls: v.optional(v.boolean(), false),
  files: v.object({ kernel: File, initrd: File, bios: File, vgaBios: File, booted: v.exactOptional(File) }),
});
export type GuestManifest = v.InferOutput<typeof Manifest>;

/** Files of the page could not be loaded. The message says which files, and what to do. */
export class DownloadError extends Error {
  override name = 'DownloadError';
}

/** The guest's files that the page's host has. */
export async function guestManifest(base: string): Promise<GuestManifest> {
  const response = await fetch(new URL('guest/manifest.json', base), { cache: 'no-cache' }).catch(() => undefined);
  const parsed = v.safeParse(Manifest, await response?.json().catch(() => undefined));
  if (!response?.ok || !parsed.success) {
    throw new DownloadError(
      'The guest’s files are not beside this page: run “npm run web”, or “npm run web:build” for a static host.',
    );
  }
  return parsed.output;
}

/** Downloads files side by side, and keeps them for visits without a network. Reports the bytes of all files together. */
export async function download<Name extends string>(
  base: string,
  files: Readonly<Record<Name, GuestFile>>,
  onProgress: (loaded: number, total: number) => void,
): Promise<Record<Name, Uint8Array<ArrayBuffer>>> {
  const entries = Object.entries<GuestFile>(files);
  const total = entries.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  let loaded = 0;
  const parts = await Promise.all(
    entries.map(async ([name, { file }]) => {
      const url = new URL(`guest/${file}`, base);
      const bytes = await downloadOne(url, (more) => {
        loaded += more;
        onProgress(Math.min(loaded, total), total);
      });
      return { name, url, bytes };
    }),
  );
  // The development server has no service worker that would find them.
  if (import.meta.env.PROD)
    void keepFiles(
      base,
      parts.map(({ url, bytes }) => [url, bytes]),
    );
  return Object.fromEntries(parts.map(({ name, bytes }) => [name, bytes])) as Record<Name, Uint8Array<ArrayBuffer>>;
}

async function downloadOne(url: URL, onBytes: (more: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok || !response.body) {
    throw new DownloadError(`${url.pathname} could not be downloaded: check the connection, then start again.`);
  }
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onBytes(chunk.length);
      controller.enqueue(chunk);
    },
  });
  return new Uint8Array(await new Response(response.body.pipeThrough(count)).arrayBuffer());
}
