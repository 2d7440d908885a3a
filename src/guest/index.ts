export { buildGuest } from './build.ts';
export { defaultCacheDir } from './cache.ts';
export {
  type CommandResult,
  GuestConsole,
  GuestConsoleError,
  type SerialLine,
  type WaitOptions,
} from './console.ts';
export { GuestBuildError, type GuestBuildReason, OWN_GUEST_REMEDY } from './errors.ts';
export { ACPI_COMMAND_LINE, KERNEL_COMMAND_LINE, MODULE_FOLDER, READY_LINE } from './init.ts';
export {
  DEVICE_DRIVER,
  GuestMeasureError,
  type GuestShell,
  MEASURED_BYTES,
  MEASURED_IN_FLIGHT,
  measureDriver,
  SOFTWARE_DRIVER,
  type SpeedFigure,
} from './measure.ts';
export { buildTlsGuest, type TlsGuest } from './tls_guest.ts';
export type { GuestImage, GuestOptions, GuestProgress, PackageVersion } from './types.ts';
