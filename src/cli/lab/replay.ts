import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { SelectionError } from '../../lab/index.ts';
import { NOT_REPLAYED, NOT_REPLAYED_COUNT, REPLAYED, replay } from '../../lab/replay/replay.ts';
import { fromJsonLines, type TracedRequest, TraceFileError, toChromeTrace } from '../../trace/index.ts';
import { commandOutput } from '../output.ts';

/** `virtio-crypto lab replay`: what a recorded trace shows of a driver's mistakes. */
export function replayCommand(): Command {
  const command = new Command('replay')
    .description(
      "Hold a recorded trace (the page's, or that of vhost-user --trace) against the rules that it has all for.",
    )
    .argument('<trace>', 'a .jsonl file')
    .option('--json', 'print one JSON object')
    .option('--perfetto <file>', 'write the trace for Perfetto and chrome://tracing')
    .action((path: string, { json, perfetto }: { json?: true; perfetto?: string }) => {
      try {
        const requests = readTrace(path);
        if (perfetto !== undefined) writePerfetto(perfetto, requests);
        process.exitCode = report(requests, json ?? false);
      } catch (error) {
        if (!(error instanceof SelectionError)) throw error;
        command.error(`error: ${error.message}`);
      }
    });
  return command;
}

/** @throws SelectionError that says what is wrong with the file */
function readTrace(path: string): TracedRequest[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new SelectionError(
      `the trace ${path} cannot be read${code}: give a .jsonl file that the page or vhost-user --trace wrote.`,
    );
  }
  let requests: TracedRequest[];
  try {
    requests = fromJsonLines(text);
  } catch (error) {
    if (!(error instanceof TraceFileError)) throw error;
    throw new SelectionError(
      `the trace ${path} is refused. ${error.message} Record it anew, or remove what stands behind its last whole line.`,
    );
  }
  if (requests.length === 0)
    throw new SelectionError(`the trace ${path} has no request: record while the driver works.`);
  return requests;
}

/** @throws SelectionError if the file cannot be written */
function writePerfetto(path: string, requests: readonly TracedRequest[]): void {
  try {
    writeFileSync(path, toChromeTrace(requests));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new SelectionError(
      `--perfetto is ${path}, which cannot be written${code}: give a file in a folder that exists.`,
    );
  }
}

/** Returns the exit status. */
function report(requests: readonly TracedRequest[], json: boolean): number {
  const { violations } = replay(requests);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ requests: requests.length, rules: REPLAYED, notChecked: NOT_REPLAYED, violations })}\n`,
    );
  const output = commandOutput(json);
  for (const { section, statement, seen, queue, head, times } of violations) {
    output.line(`${section}  ${statement}`);
    output.line(`    queue ${queue}, chain ${head}: ${seen}${times > 1 ? ` (${times} times)` : ''}`);
  }
  const looked = `${requests.length} requests, ${REPLAYED.length} rules of chains, and the use of sessions`;
  if (violations.length === 0) output.ok(`${looked}: nothing is wrong`);
  else output.failed(`${looked}: ${violations.length} statements are broken`);
  output.line(
    `${NOT_REPLAYED_COUNT} rules need what a trace does not have; a live check (demo --check, DriverChecker) has them:`,
  );
  for (const { sections, why } of NOT_REPLAYED) output.line(`    ${sections.join(', ')}: ${why}`);
  return violations.length === 0 ? 0 : 1;
}
