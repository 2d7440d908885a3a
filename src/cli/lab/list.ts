import { Command } from 'commander';
import { AXES, DRIVERS, FAULTS, FEATURE_SETS, SCENARIOS } from '../../lab/index.ts';

/** `virtio-crypto lab list`: what the matrix is made of. */
export function listCommand(): Command {
  return new Command('list')
    .description('List scenarios, faults and what else the matrix is made of.')
    .option('--json', 'print one JSON object')
    .action(({ json }: { json?: true }) => {
      process.stdout.write(json ? `${JSON.stringify(described())}\n` : text());
    });
}

function described() {
  const faults = Object.entries(FAULTS).map(([name, { section, group, device, driver, outcomes }]) => ({
    ...{ name, section, group, device, driver, outcomes },
  }));
  const scenarios = Object.entries(SCENARIOS).map(([name, { section, about }]) => ({ name, section, about }));
  const features = Object.entries(FEATURE_SETS).map(([name, { about }]) => ({ name, about }));
  const drivers = Object.entries(DRIVERS).map(([name, { about }]) => ({ name, about }));
  return { scenarios, faults, features, drivers, rings: AXES.rings, transports: AXES.transports };
}

function text(): string {
  const { scenarios, faults, features, drivers, rings, transports } = described();
  const line = (name: string, words: string) => `  ${name.padEnd(20)} ${words}`;
  return [
    'Scenarios: the driver ...',
    ...scenarios.map(({ name, about, section }) => line(name, `${about} (${section})`)),
    '',
    'Faults: the device ...; a correct driver ...',
    ...faults.map(({ name, group, section, device, driver }) =>
      line(name, `${device} (${group}, ${section}); ${driver}`),
    ),
    line('none', 'does its work'),
    '',
    'Features:',
    ...features.map(({ name, about }) => line(name, about)),
    '',
    'Drivers:',
    ...drivers.map(({ name, about }) => line(name, about)),
    line('--driver-file FILE', 'a driver of your own: docs/lab.md'),
    '',
    `Rings: ${rings.join(', ')}`,
    `Transports: ${transports.join(', ')}`,
    '',
  ].join('\n');
}
