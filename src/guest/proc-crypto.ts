/** The entries of /proc/crypto, each by its fields' names. */
function entries(procCrypto: string): Map<string, string>[] {
  return procCrypto.split(/\r?\n\s*\r?\n/).map(
    (entry) =>
      new Map(
        entry.split(/\r?\n/).map((line) => {
          const [name = '', ...value] = line.split(':');
          return [name.trim(), value.join(':').trim()] as const;
        }),
      ),
  );
}

/** What /proc/crypto says of a driver's self-test: `passed`, `unknown` while it runs, or undefined if it is not registered. */
export function selftestOf(procCrypto: string, driver: string): string | undefined {
  return entries(procCrypto)
    .find((fields) => fields.get('driver') === driver)
    ?.get('selftest');
}

/** The driver that the kernel chooses for an algorithm's name: the one with the highest priority that passed its self-test. */
export function preferredDriver(procCrypto: string, algorithm: string): string | undefined {
  const [first] = entries(procCrypto)
    .filter((fields) => fields.get('name') === algorithm && fields.get('selftest') === 'passed')
    .sort((a, b) => Number(b.get('priority')) - Number(a.get('priority')));
  return first?.get('driver');
}
