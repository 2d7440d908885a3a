import type { PackageVersion } from './types.ts';

export interface ResolvedPackage extends PackageVersion {
  /** The archive's file name, as the package source will write it. */
  readonly file: string;
  readonly bytes: number;
}

export interface PackageRequest {
  readonly kernelMetaPackage: string;
  readonly packages: readonly string[];
  readonly barePackages: readonly string[];
}

/** Where packages come from: Debian's apt in earnest, a folder of fakes under test. */
export interface PackageSource {
  /** Brings the index of packages up to date. `onPercent` tells how far, from 0 to 100. */
  update(onPercent: (percent: number) => void): Promise<void>;
  /** Names every package of the guest; the kernel's is the first. */
  resolve(request: PackageRequest): Promise<ResolvedPackage[]>;
  /** Writes the archives, verified, into `folder`. */
  download(packages: readonly ResolvedPackage[], folder: string, onPercent: (percent: number) => void): Promise<void>;
  /** Unpacks one archive, or those of its paths that match a pattern, into `root`. */
  unpack(archive: string, root: string, patterns?: readonly string[]): Promise<void>;
}
