/** Sizes and times as people read them. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${trim(bytes / 1024)} KiB`;
  return `${trim(bytes / 1024 / 1024)} MiB`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export function durationText(milliseconds: number): string {
  return milliseconds < 1 ? `${Math.round(milliseconds * 1000)} µs` : `${milliseconds.toFixed(2)} ms`;
}

export function clockText(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** A measured figure with one decimal. Below 1 it has two significant digits, because 0.0 would hide it. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 0.95) return value.toFixed(1);
  return String(Number(value.toPrecision(2)));
}

/** Kernel errors with which a crypto request ends. */
const ERRNO: Record<number, string> = {
  5: 'EIO',
  16: 'EBUSY',
  22: 'EINVAL',
  28: 'ENOSPC',
  74: 'EBADMSG',
  95: 'EOPNOTSUPP',
};

/** The exit status of a program that exits with the kernel's error: minus the error's number, cut to one byte. */
export function exitStatusText(status: number): string {
  const name = ERRNO[256 - status];
  return name ? `status ${status}, which is 256 − ${256 - status}: the kernel’s error ${name}` : `status ${status}`;
}

export const hex = (value: number, digits = 8): string => `0x${value.toString(16).padStart(digits, '0')}`;

export function hexBytes(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

const trim = (value: number): string => value.toFixed(1).replace(/\.0$/, '');
