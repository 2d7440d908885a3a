/** Steps of a build, in their order. A caller draws them; nothing in this folder writes to a terminal. */
export type GuestProgress =
  | { readonly stage: 'verify-cache' }
  | { readonly stage: 'update-index'; readonly percent: number }
  | { readonly stage: 'resolve' }
  | { readonly stage: 'download'; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly stage: 'unpack'; readonly done: number; readonly total: number; readonly package: string }
  /** Only for a guest with OpenSSL. */
  | { readonly stage: 'compile' }
  | { readonly stage: 'pack' }
  | { readonly stage: 'done'; readonly fromCache: boolean }
  /** Something that a person may want to know and that did not stop the build. */
  | { readonly stage: 'warning'; readonly message: string };

export interface GuestOptions {
  /** Where images are kept. Default: `$XDG_CACHE_HOME` or `~/.cache`, then `virtio-crypto-wasm/guest`. */
  readonly cacheDir?: string;
  readonly onProgress?: (event: GuestProgress) => void;
  readonly signal?: AbortSignal;
  /** Build anew even when the cache holds a sound image, to pick up newer packages. */
  readonly refresh?: boolean;
  /**
   * Adds OpenSSL, with a provider that uses the device (docs/guest-tls.md). It is compiled here, by Debian's cross compiler, which is
   * downloaded for it. Default: false.
   */
  readonly tls?: boolean;
}

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

export interface GuestImage {
  /** Paths of files. */
  readonly kernel: string;
  readonly initrd: string;
  readonly bios: string;
  readonly vgaBios: string;
  /** As `uname -r` prints it. */
  readonly kernelVersion: string;
  readonly packages: readonly PackageVersion[];
}
