/** A page as one file of HTML, which needs nothing else: all it says is there without its script, which adds plots and sorting. */
import { createHash } from 'node:crypto';
import type { Answer, Block, Cell, Column, Figure, Page, Section, Table, Text } from '../../../schemas/page.js';
import type { Assets } from './assets.js';
import { cellText, harmless, isNumeric, sentence, unbroken, visible } from './cells.js';
import { Html, html, scriptJson } from './html.js';

/** Rows that are there without the script, and on paper; the script shows more when asked. */
export const STATIC_ROWS = 25;
/** Plots that need the whole width: those with many lines, and bars that others stand below. */
function isWide(plot: Figure['plot']): boolean {
  return plot.type === 'forest' || plot.type === 'heatmap' || (plot.type === 'waterfall' && plot.unit === 'count');
}

function textHtml(text: Text): Html {
  return html`${text.map((part) => (typeof part === 'string' ? unbroken(part) : html`<bdi class="name">${visible(part.name)}</bdi>`))}`;
}

function cellHtml({ kind }: Column, cell: Cell, first: boolean): Html {
  const text = cellText(kind, cell);
  const content = kind === 'name' ? html`<bdi>${text}</bdi>` : html`${text}`;
  if (first) return html`<th scope="row">${content}</th>`;
  return isNumeric(kind) ? html`<td class="number">${content}</td>` : html`<td>${content}</td>`;
}

/** Neighbours with the same group share a heading. */
function groupsHtml(columns: readonly Column[]): Html {
  if (!columns.some(({ group }) => group !== undefined)) return html``;
  const spans: { readonly group: string | undefined; width: number }[] = [];
  for (const { group } of columns) {
    const last = spans.at(-1);
    if (last !== undefined && last.group === group) last.width++;
    else spans.push({ group, width: 1 });
  }
  const cells = spans.map(({ group, width }) =>
    group === undefined
      ? html`<td colspan="${width}"></td>`
      : html`<th scope="colgroup" colspan="${width}"><bdi>${visible(group)}</bdi></th>`,
  );
  return html`<tr class="groups">${cells}</tr>`;
}

function startsGroup(columns: readonly Column[], i: number): boolean {
  return i > 0 && columns[i].group !== columns[i - 1].group;
}

function tableHtml(table: Table): Html {
  const { id, caption, columns, rows } = table;
  const headings = columns.map(
    ({ heading, kind }, i) =>
      html`<th scope="col" class="${isNumeric(kind) ? 'number' : 'word'}${startsGroup(columns, i) ? ' start' : ''}"><bdi>${harmless(heading)}</bdi></th>`,
  );
  const body = rows
    .slice(0, STATIC_ROWS)
    .map((row) => html`<tr>${row.map((cell, i) => cellHtml(columns[i], cell, i === 0))}</tr>\n`);
  const more =
    rows.length > STATIC_ROWS
      ? html`<p class="shown">The first ${STATIC_ROWS} of ${rows.length}; report.json has all.</p>`
      : html``;
  return html`<div class="table" data-table="${id}">
<p class="caption" id="${id}-caption">${unbroken(harmless(caption))}</p>
<div class="scroll" role="group" tabindex="0" aria-labelledby="${id}-caption">
<table aria-labelledby="${id}-caption">
<thead>${groupsHtml(columns)}<tr>${headings}</tr></thead>
<tbody>
${body}</tbody></table></div>${more}</div>
`;
}

function figureHtml({ id, title, description, plot, data }: Figure): Html {
  const table =
    data === undefined
      ? html``
      : html`<details><summary>The figures of this plot</summary>${tableHtml(data)}</details>`;
  return html`<figure class="${isWide(plot) ? 'wide' : 'half'}">
<figcaption><h3 id="${id}-title"><bdi>${harmless(title)}</bdi></h3><p id="${id}-description">${textHtml(description)}</p></figcaption>
<div class="plot" data-figure="${id}"></div>${table}</figure>
`;
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'table':
      return tableHtml(block);
    case 'figure':
      return figureHtml(block);
    case 'paragraph':
      return html`<p>${textHtml(block.text)}</p>\n`;
    case 'details':
      return html`<details><summary>${block.title}</summary>${block.blocks.map(blockHtml)}</details>\n`;
    case 'code':
      return html`<details><summary>${block.title}</summary><pre tabindex="0"><code>${block.text}</code></pre></details>\n`;
  }
}

function sectionHtml({ id, title, blocks }: Section): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}"><bdi>${harmless(title)}</bdi></h2>
<div class="blocks">${blocks.map(blockHtml)}</div></section>
`;
}

function answerHtml({ of, tone, verdict, findings }: Page['answers'][number]): Html {
  const heading = of === null ? html`` : html`<h2><bdi>${visible(of)}</bdi></h2>`;
  return html`<div class="answer ${tone}">${heading}<p class="verdict">${textHtml(verdict)}</p>
<dl>${findings.map(({ question, answer }: Answer['findings'][number]) => html`<div><dt>${question}</dt><dd>${textHtml(answer)}</dd></div>`)}</dl></div>
`;
}

/** No network, nothing but our own script. Plot writes style elements of its own, so styles may be inline: they can load nothing. */
function policy(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
}

/** The file. Everything that comes from a report is text in it, never mark-up. */
export function renderHtml(page: Page, { script, style }: Assets): string {
  const { title, answers, facts, sections, maker } = page;
  const links = sections.map(
    (section) => html`<li><a href="#${section.id}"><bdi>${harmless(section.title)}</bdi></a></li>`,
  );
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}: ${answers.map(({ verdict }) => sentence(verdict)).join(' ')}</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><p class="maker">${maker}</p><h1>${title}</h1></header>
<nav aria-label="Sections"><ul>${links}</ul></nav>
<main>
<section aria-label="Answer">${answers.map(answerHtml)}
<dl class="facts">${facts.map(({ name, value, note }) => html`<div><dt><bdi>${visible(name)}</bdi></dt><dd>${value}<small>${note}</small></dd></div>`)}</dl></section>
${sections.map(sectionHtml)}</main>
<script type="application/json" id="page">${scriptJson(page)}</script>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return document.text;
}
