import { Command } from 'commander';
import { guestCommand } from './guest/command.ts';
import { listCommand } from './list.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';

/** `virtio-crypto lab`: runs drivers through scenarios with devices that misbehave, and says what they did. */
export function labCommand(): Command {
  return new Command('lab')
    .description(
      'Test a driver: scenarios against devices that misbehave, each cell of the matrix beside what a correct driver does.',
    )
    .addCommand(listCommand())
    .addCommand(runCommand())
    .addCommand(guestCommand())
    .addCommand(replayCommand());
}
