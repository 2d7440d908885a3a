// The script of the report's page. It runs in the reader's browser, as text of the page, so it uses nothing from outside the function.

/** What the page shows: see html.ts. */
export interface PageData {
  /** Number of cells that were to be run. */
  cells: number;
  seconds: number;
  version: string;
  faults: Record<string, { group: string; section: string; device: string; driver: string }>;
  scenarios: Record<string, { section: string; about: string }>;
  results: PageResult[];
}

interface PageResult {
  cell: {
    scenario: string;
    fault: string;
    ring: string;
    features: string;
    transport: string;
    driver: string;
    seed: number;
  };
  outcome: string;
  expected: readonly string[];
  passed: boolean;
  struck: boolean;
  nth: number | undefined;
  requests: { what: string; end: string; expected: boolean }[];
  violations: { section: string; statement: string; seen: string; times: number; queue?: number; head?: number }[];
  leaks: { sessions: number; bytes: number };
  timeline: { at: number; kind: string; text: string; request?: PageRequest }[];
  log: string[];
  milliseconds: number;
  again: string;
}

interface PageRequest {
  summary: string;
  descriptors: { table: string; index: number; address: number; bytes: number; flags: number; last: number }[];
  fields: { part: string; offset: number; bytes: number; name: string; value: string; section: string }[];
}

/** Draws the matrix from the data in the page, and a cell when it is clicked. */
export function showReport(): void {
  type Child = Node | string;
  const find = (id: string): HTMLElement => {
    const found = document.getElementById(id);
    if (!found) throw new Error(`The page has no ${id}.`);
    return found;
  };
  const make = (tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const data: PageData = JSON.parse(find('data').textContent ?? '');
  const { results, faults, scenarios } = data;
  const unique = (values: string[]) => [...new Set(values)];
  const variantOf = ({ cell }: PageResult) => [cell.ring, cell.features, cell.transport, cell.driver].join(' / ');
  const rows = unique(results.map(({ cell }) => cell.scenario));
  const columns = unique(results.map(({ cell }) => cell.fault));
  const variants = unique(results.map(variantOf));
  const looks: Record<string, string> = { hung: '∞', wrong: '≠' };
  const lookOf = (result: PageResult) =>
    result.passed ? (classOf(result) === 'good' ? '✓' : '·') : (looks[result.outcome] ?? '✗');
  const classOf = (result: PageResult) => {
    if (result.passed) return result.struck || result.cell.fault === 'none' ? 'good' : 'idle';
    return result.outcome === 'hung' ? 'hung' : 'bad';
  };

  const failed = results.filter(({ passed }) => !passed);
  const counts = [
    `${results.length} of ${data.cells} cells in ${data.seconds.toFixed(1)} s`,
    `${failed.length} failed`,
    `${results.filter(({ outcome }) => outcome === 'hung').length} hung`,
    `${results.filter(({ violations }) => violations.length > 0).length} with violations`,
  ];
  find('counts').textContent = counts.join(' · ');

  const buttons = new Map<number, HTMLElement>();
  const head = make('tr', {}, make('th', { scope: 'col' }, 'scenario'));
  for (const fault of columns) {
    const about = faults[fault];
    const title = about ? `The device ${about.device} (${about.group}, ${about.section})` : 'The device does its work';
    const name = make('span', {}, fault);
    head.append(make('th', { scope: 'col', class: `fault ${about?.group ?? 'plain'}`, title }, name));
  }
  const body = make('tbody');
  for (const scenario of rows) {
    const about = scenarios[scenario];
    const title = about ? `The driver ${about.about} (${about.section})` : '';
    const row = make('tr', {}, make('th', { scope: 'row', title }, scenario));
    for (const fault of columns) {
      const place = make('td');
      const group = make('div', { class: 'group' });
      for (const [at, result] of results.entries()) {
        if (result.cell.scenario !== scenario || result.cell.fault !== fault) continue;
        const label = `${scenario}, ${fault}, ${variantOf(result)}: ${result.outcome}${result.passed ? '' : ', failed'}`;
        const button = make(
          'button',
          { type: 'button', class: classOf(result), title: label, 'aria-label': label },
          lookOf(result),
        );
        button.addEventListener('click', () => select(at));
        buttons.set(at, button);
        group.append(button);
      }
      place.append(group);
      row.append(place);
    }
    body.append(row);
  }
  find('matrix').append(make('thead', {}, head), body);
  find('variants').textContent = `Squares of a place, in this order: ${variants.join(', ')}.`;

  const section = (title: string, ...children: Child[]) => make('section', {}, make('h3', {}, title), ...children);
  const table = (titles: string[], lines: Child[][]) =>
    make(
      'table',
      { class: 'lines' },
      make('thead', {}, make('tr', {}, ...titles.map((title) => make('th', { scope: 'col' }, title)))),
      make('tbody', {}, ...lines.map((line) => make('tr', {}, ...line.map((one) => make('td', {}, one))))),
    );
  const hex = (value: number) => `0x${value.toString(16)}`;
  const flagsOf = (flags: number) =>
    [
      [1, 'NEXT'],
      [2, 'WRITE'],
      [4, 'INDIRECT'],
    ]
      .filter(([bit]) => flags & Number(bit))
      .map(([, name]) => name)
      .join(' ');

  const chainOf = ({ summary, descriptors, fields }: PageRequest) =>
    make(
      'details',
      {},
      make('summary', {}, `the chain: ${summary}`),
      table(
        ['table', 'index', 'address', 'bytes', 'flags', 'next or id'],
        descriptors.map(({ table: of, index, address, bytes, flags, last }) => [
          ...[of, String(index), hex(address), String(bytes), flagsOf(flags), String(last)],
        ]),
      ),
      table(
        ['part', 'offset', 'bytes', 'field', 'value', 'section'],
        fields.map(({ part, offset, bytes, name, value, section: of }) => [
          ...[part, String(offset), String(bytes), name, value, of],
        ]),
      ),
    );

  const detail = find('detail');
  function draw(result: PageResult): void {
    const { cell, outcome, expected, violations, requests, timeline, log, leaks, nth, again } = result;
    const fault = faults[cell.fault];
    const scenario = scenarios[cell.scenario];
    const about = make('dl');
    const say = (term: string, ...what: Child[]) => about.append(make('dt', {}, term), make('dd', {}, ...what));
    say('The driver', scenario ? `${scenario.about} (${scenario.section})` : cell.scenario);
    if (fault) say('The device', `${fault.device} (${fault.group}, ${fault.section})`);
    if (nth !== undefined)
      say('Struck', result.struck ? `request ${nth} of the data queues` : `nothing: request ${nth} did not come`);
    if (fault) say('A correct driver', fault.driver);
    say('It should be', expected.join(', or '));
    say('It was', make('strong', { class: classOf(result) }, outcome));
    if (leaks.sessions > 0 || leaks.bytes > 0) {
      say('Left behind', `${leaks.sessions} sessions, ${leaks.bytes} bytes of guest memory`);
    }
    const command = `npx virtio-crypto lab ${again}`;
    const copy = make('button', { type: 'button', class: 'copy' }, 'Copy');
    copy.addEventListener('click', () => {
      navigator.clipboard?.writeText(command).then(
        () => copy.replaceChildren('Copied'),
        () => copy.replaceChildren('Select it'),
      );
    });
    const odd = requests.filter((request) => !request.expected);
    detail.replaceChildren(
      make('h2', {}, `${cell.scenario} / ${cell.fault} / ${variantOf(result)} / seed ${cell.seed}`),
      about,
      make('p', { class: 'again' }, make('code', {}, command), copy),
    );
    if (violations.length > 0) {
      const lines = violations.map(({ section: of, statement, seen, times, queue, head: at }) => {
        const where = [queue === undefined ? '' : `queue ${queue}`, at === undefined ? '' : `head ${at}`];
        return [of, statement, seen, where.filter(Boolean).join(', '), String(times)];
      });
      detail.append(
        section('Statements that it broke', table(['section', 'statement', 'seen', 'where', 'times'], lines)),
      );
    }
    if (odd.length > 0) {
      const lines = odd.map(({ what, end }) => [what, end]);
      detail.append(
        section(`Requests without their result: ${odd.length} of ${requests.length}`, table(['request', 'end'], lines)),
      );
    }
    if (log.length > 0) detail.append(section("The guest's log", make('pre', {}, log.join('\n'))));
    const lines = make('tbody');
    for (const { at, kind, text, request } of timeline) {
      const what = make('td', {}, text);
      if (request) what.append(chainOf(request));
      lines.append(make('tr', { class: kind }, make('td', {}, at.toFixed(0)), make('td', {}, kind), what));
    }
    const titles = make('tr', {}, ...['ms', 'what', 'seen'].map((title) => make('th', { scope: 'col' }, title)));
    const times = make('table', { class: 'lines timeline' }, make('thead', {}, titles), lines);
    detail.append(section('Registers, rings and interrupts', times));
  }

  function select(at: number): void {
    const result = results[at];
    if (!result) return;
    for (const button of buttons.values()) button.removeAttribute('aria-current');
    buttons.get(at)?.setAttribute('aria-current', 'true');
    draw(result);
    history.replaceState(null, '', `#${at}`);
  }

  find('failures').addEventListener('change', ({ target }) => {
    const only = target instanceof HTMLInputElement && target.checked;
    find('matrix').classList.toggle('failures', only);
  });
  const named = /^#([0-9]+)$/.exec(location.hash)?.[1];
  const first =
    named === undefined
      ? Math.max(
          0,
          results.findIndex(({ passed }) => !passed),
        )
      : Number(named);
  select(first);
}
