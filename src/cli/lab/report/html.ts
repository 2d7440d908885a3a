import { FAULTS, SCENARIOS } from '../../../lab/index.ts';
import { VERSION } from '../../version.ts';
import { GUEST_SCENARIOS } from '../guest/scenarios/index.ts';
import type { RunResults } from '../results.ts';
import { type PageData, showReport } from './page.ts';

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b6470; --line: #d9dee4; --panel: #f6f8fa;
  --good: #2f8f4e; --idle: #b9d8c3; --bad: #c9352b; --hung: #7a3fb3; --allowed: #3b6fb6; --broken: #a8690a; --hostile: #b0306b; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e3e7eb; --soft: #98a3af; --line: #333a42; --panel: #1c2126;
  --good: #2f8f4e; --idle: #2c4636; --bad: #d1483e; --hung: #9a63d3; --allowed: #7fb0f0; --broken: #e2a54a; --hostile: #ee7fae; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
p { margin: .3rem 0; }
.soft { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; }
#matrix th, #matrix td { border-bottom: 1px solid var(--line); padding: .2rem .35rem; text-align: left; white-space: nowrap; }
#matrix th { font-weight: 500; font-size: .85rem; }
#matrix th.fault { vertical-align: bottom; height: 9.5rem; padding: 0 .2rem; }
#matrix th.fault span { writing-mode: vertical-rl; transform: rotate(180deg); }
.allowed { color: var(--allowed); } .broken { color: var(--broken); } .hostile { color: var(--hostile); }
.group { display: flex; gap: 2px; flex-wrap: wrap; max-width: 8.5rem; }
.group button { width: 1.25rem; height: 1.25rem; padding: 0; border: 0; border-radius: 3px; color: #fff; font-size: .75rem; line-height: 1; cursor: pointer; }
.group button.good { background: var(--good); } .group button.idle { background: var(--idle); color: var(--soft); }
.group button.bad { background: var(--bad); } .group button.hung { background: var(--hung); }
.group button[aria-current] { outline: 3px solid var(--text); outline-offset: 1px; }
button:focus-visible { outline: 3px solid var(--allowed); outline-offset: 1px; }
#matrix.failures button.good, #matrix.failures button.idle { opacity: .12; }
.legend span { display: inline-block; padding: 0 .4rem; border-radius: 3px; color: #fff; margin-right: .2rem; }
.legend .good { background: var(--good); } .legend .idle { background: var(--idle); color: var(--soft); }
.legend .bad { background: var(--bad); } .legend .hung { background: var(--hung); }
#detail { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
strong.good, strong.idle { color: var(--good); } strong.bad { color: var(--bad); } strong.hung { color: var(--hung); }
code, pre, .lines td { font-family: ui-monospace, monospace; font-size: .82rem; }
pre { white-space: pre-wrap; background: var(--back); border: 1px solid var(--line); padding: .5rem; border-radius: 4px; }
.again { margin: .75rem 0; } .again code { background: var(--back); border: 1px solid var(--line); border-radius: 4px; padding: .2rem .5rem; user-select: all; }
.copy { margin-left: .5rem; font: inherit; font-size: .82rem; }
.lines th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8rem; padding: .1rem .75rem .1rem 0; }
.lines td { vertical-align: top; padding: .12rem .75rem .12rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.timeline > tbody > tr > td:first-child { text-align: right; }
.timeline > tbody > tr > td:nth-child(2) { color: var(--soft); white-space: nowrap; }
tr.violation td { color: var(--bad); font-weight: 600; } tr.fault td { color: var(--hung); font-weight: 600; }
tr.notification > td:nth-child(2), tr.interrupt > td:nth-child(2) { color: var(--allowed); }
details summary { cursor: pointer; color: var(--soft); } details table { margin: .3rem 0 .6rem; font-weight: 400; }
`;

/** A page in one file, which needs no server and loads nothing. */
export function htmlReport({ results, cells, seconds }: RunResults): string {
  const data: PageData = {
    ...{ cells, seconds, version: VERSION },
    faults: Object.fromEntries(
      Object.entries(FAULTS).map(([name, { group, section, device, driver }]) => [
        name,
        { group, section, device, driver },
      ]),
    ),
    scenarios: Object.fromEntries(
      Object.entries({ ...SCENARIOS, ...GUEST_SCENARIOS }).map(([name, { section, about }]) => [
        name,
        { section, about },
      ]),
    ),
    results: [...results],
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>virtio-crypto lab</title>
<style>${STYLE}</style>
</head>
<body>
<h1>virtio-crypto lab</h1>
<p id="counts"></p>
<p class="legend soft"><span class="good">✓</span>as a correct driver <span class="idle">·</span>the fault did not strike
<span class="bad">✗</span>failed <span class="hung">∞</span>hung; faults: <b class="allowed">allowed</b> by the specification,
<b class="broken">broken</b> devices, <b class="hostile">hostile</b> hosts.
<label><input type="checkbox" id="failures"> failures only</label></p>
<div class="scroll"><table id="matrix"></table></div>
<p id="variants" class="soft"></p>
<div id="detail" aria-live="polite"></div>
<script type="application/json" id="data">${inScript(JSON.stringify(data))}</script>
<script>(${showReport.toString()})();</script>
</body>
</html>
`;
}

/** JSON inside of an element: no text in it can end the element, or begin a comment. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
