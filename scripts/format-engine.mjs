// Formats the engine's sources. Biome's parser refuses the decorators that AssemblyScript has on functions, so Prettier does it here,
// with a plug-in for them. `--check` writes nothing and fails when a file would change or has a line that is too long.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const LINE_MAX = 120;
const OPTIONS = { plugins: ['assemblyscript-prettier'], printWidth: LINE_MAX, singleQuote: true };

const check = process.argv.includes('--check');
const complaints = [];
const sources = readdirSync('assembly', { recursive: true }).filter((name) => name.endsWith('.ts'));
for (const file of sources.map((name) => `assembly/${name}`)) {
  const text = readFileSync(file, 'utf8');
  // The plug-in leaves two blank lines before a decorator.
  const formatted = (await format(text, { ...OPTIONS, filepath: file })).replace(/\n{3,}/g, '\n\n');
  if (formatted !== text) {
    if (check) complaints.push(`${file} is not formatted: run \`npm run format\`.`);
    else writeFileSync(file, formatted);
  }
  // Prettier breaks code, but no comment.
  formatted.split('\n').forEach((line, index) => {
    if (line.length > LINE_MAX)
      complaints.push(`${file}:${index + 1} has ${line.length} columns, more than ${LINE_MAX}.`);
  });
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
