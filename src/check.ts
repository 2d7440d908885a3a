// Checks of option types, for callers in JavaScript. Each error names the value that was given, and what to give instead.

/** @throws TypeError unless `value` is an object. An array does not count as an object */
export function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(name, value, 'an object');
}

/** @throws TypeError unless `value` is a function */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') refuse(name, value, 'a function');
}

/** @throws TypeError unless `value` is true or false, or was left out */
export function checkSwitch(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') refuse(name, value, 'true or false');
}

/** @throws TypeError that names the option, its value, and `remedy`: what to give instead */
export function refuse(name: string, value: unknown, remedy: string): never {
  throw new TypeError(`${name} is ${shown(value)}: give ${remedy}.`);
}

function shown(value: unknown): string {
  return Array.isArray(value) ? 'an array' : String(value);
}
