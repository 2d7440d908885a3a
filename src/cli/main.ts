#!/usr/bin/env node
import { Command } from 'commander';
import { benchCommand } from './bench.ts';
import { calibrateCommand } from './calibrate/command.ts';
import { demoCommand } from './demo/command.ts';
import { labCommand } from './lab/command.ts';
import { restartWithFlags, wantedFlags } from './v8_flags.ts';
import { VERSION } from './version.ts';
import { vhostUserCommand } from './vhost_user/command.ts';

const program = new Command('virtio-crypto')
  .description('A virtio crypto device for emulators that run in JavaScript.')
  .version(VERSION)
  .addCommand(demoCommand())
  .addCommand(benchCommand())
  .addCommand(calibrateCommand())
  .addCommand(labCommand())
  .addCommand(vhostUserCommand())
  .hook('preAction', (_, command) => restartWithFlags(wantedFlags(command.name())))
  .showHelpAfterError('Add --help for what is possible.')
  .exitOverride((error) => {
    // 2 for a wrong command line, as shells have it; 1 stays for a run that failed.
    process.exit(error.exitCode === 0 ? 0 : 2);
  });
for (const command of program.commands) {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) inner.copyInheritedSettings(program);
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
