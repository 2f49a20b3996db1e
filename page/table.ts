/** A table that its reader sorts, filters and lengthens. Whatever comes from data is set as text. */
import type { Cell, Column, Table } from '../schemas/page.js';
import { cellText, isNumeric } from '../transforms/stats/page/cells.js';

type Row = readonly Cell[];

/** The rows as the reader sorted and filtered them, and what is to be done when they change. */
export interface ShownTable {
  rows(): readonly Row[];
  onChange(listener: () => void): void;
}

/** Rows that one press of the button adds, and that are there at first. */
const STEP = 100;
const FIRST = 25;
/** Shorter tables are not filtered, or sorted. */
const FILTERED = 8;
const SORTED = 4;

type Direction = 'ascending' | 'descending';
interface Order {
  readonly column: number;
  readonly direction: Direction;
}

/** What a cell is sorted by: signed figures by their size, as bias is. */
function sortKey({ kind }: Column, cell: Cell): number | string | null {
  if (cell === null || typeof cell === 'string') return cell;
  if (typeof cell !== 'number') return cell[0];
  return kind === 'signed' ? Math.abs(cell) : cell;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Sorted, stably; cells without a figure come last, whatever the direction. */
function sorted(rows: readonly Row[], columns: readonly Column[], { column, direction }: Order): readonly Row[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, key: sortKey(columns[column], row[column]) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
      if (typeof a.key === 'number' && typeof b.key === 'number') return sign * (a.key - b.key);
      return sign * collator.compare(String(a.key), String(b.key));
    })
    .map(({ row }) => row);
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function cellElement({ kind }: Column, cell: Cell, first: boolean): HTMLTableCellElement {
  const text = cellText(kind, cell);
  const content = kind === 'name' ? element('bdi', { textContent: text }) : text;
  if (first) return element('th', { scope: 'row' }, content);
  return element('td', isNumeric(kind) ? { className: 'number' } : {}, content);
}

/** Adds controls to the table that is in `host` already. */
export function interactiveTable(table: Table, host: HTMLElement): ShownTable {
  const { columns, rows } = table;
  const body = host.querySelector('tbody')!;
  const listeners: (() => void)[] = [];
  const status = element('p', { className: 'status' });
  status.setAttribute('role', 'status');
  const more = element('button', { type: 'button' });
  const all = element('button', { type: 'button' });
  const foot = element('div', { className: 'foot' }, status, more, all);
  const state = { query: '', choices: new Map<number, string>(), order: undefined as Order | undefined, limit: FIRST };
  let current = rows;

  const fill = (from: number) => {
    const added = document.createDocumentFragment();
    for (const row of current.slice(from, state.limit)) {
      added.append(element('tr', {}, ...row.map((cell, i) => cellElement(columns[i], cell, i === 0))));
    }
    body.append(added);
    const hidden = Math.max(0, current.length - state.limit);
    more.hidden = hidden === 0;
    all.hidden = hidden <= STEP;
    more.textContent = `Show ${Math.min(STEP, hidden)} more`;
    all.textContent = `Show all ${cellText('count', current.length)}`;
    const matching = current.length < rows.length ? `${cellText('count', current.length)} of ` : '';
    const visible = hidden > 0 ? `, ${cellText('count', state.limit)} shown` : '';
    status.textContent = `${matching}${cellText('count', rows.length)} row${rows.length === 1 ? '' : 's'}${visible}`;
  };

  const update = () => {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const names = columns.flatMap(({ kind }, i) => (isNumeric(kind) ? [] : [i]));
    const matches = (row: Row) => {
      for (const [column, wanted] of state.choices) if (row[column] !== wanted) return false;
      const text = names
        .map((i) => row[i] ?? '')
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const filtered = words.length === 0 && state.choices.size === 0 ? rows : rows.filter(matches);
    current = state.order === undefined ? filtered : sorted(filtered, columns, state.order);
    body.replaceChildren();
    fill(0);
    for (const listener of listeners) listener();
  };

  const lengthen = (limit: number) => {
    const from = Math.min(state.limit, current.length);
    state.limit = limit;
    fill(from);
    // The button may be gone; what was asked for is the first of the new rows.
    const first = body.rows[from]?.cells[0];
    if (first === undefined) return;
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  };
  more.addEventListener('click', () => lengthen(state.limit + STEP));
  all.addEventListener('click', () => lengthen(current.length));

  // One without figures has an order of its own.
  if (rows.length >= SORTED && columns.some(({ kind }) => isNumeric(kind))) {
    addSorting(host, columns, (order) => {
      state.order = order;
      update();
    });
  }
  if (rows.length > FILTERED) {
    host.prepend(
      filterControls(table, (query, choices) => {
        state.query = query;
        state.choices = choices;
        state.limit = FIRST;
        update();
      }),
    );
  }
  host.querySelector('.shown')?.remove();
  if (rows.length > FILTERED) host.append(foot);
  fill(body.rows.length);
  return { rows: () => current, onChange: (listener) => listeners.push(listener) };
}

/** A button in each heading. Figures are sorted largest first, names from the first letter; a second press turns the order. */
function addSorting(host: HTMLElement, columns: readonly Column[], sort: (order: Order) => void): void {
  const headings = Array.from(host.querySelectorAll<HTMLElement>('thead tr:last-child th'));
  headings.forEach((heading, column) => {
    const first: Direction = isNumeric(columns[column].kind) ? 'descending' : 'ascending';
    const button = element('button', { type: 'button', textContent: heading.textContent });
    heading.replaceChildren(button);
    button.addEventListener('click', () => {
      const now = heading.getAttribute('aria-sort');
      const direction = now === null ? first : now === 'ascending' ? 'descending' : 'ascending';
      for (const other of headings) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', direction);
      sort({ column, direction });
    });
  });
}

/** A field for words, and a list for each column of which the reader may choose a value. */
function filterControls(
  { id, columns, rows }: Table,
  change: (query: string, choices: Map<number, string>) => void,
): HTMLElement {
  const search = element('input', { type: 'search', id: `${id}-filter` });
  const controls = element(
    'div',
    { className: 'controls' },
    element('label', { htmlFor: search.id, textContent: 'Filter' }),
    search,
  );
  const choices = new Map<number, string>();
  columns.forEach(({ heading, choice }, column) => {
    if (choice === undefined) return;
    const values = [...new Set(rows.map((row) => row[column]))].filter((value) => typeof value === 'string');
    if (values.length < 2) return;
    const list = element(
      'select',
      { id: `${id}-choice-${column}` },
      element('option', { value: '', textContent: 'all' }),
    );
    // By number: a value may be any text, also an empty one.
    values.forEach((value, i) => {
      list.append(element('option', { value: String(i), textContent: cellText('name', value) }));
    });
    list.addEventListener('change', () => {
      if (list.value === '') choices.delete(column);
      else choices.set(column, values[Number(list.value)]);
      change(search.value, choices);
    });
    controls.append(element('label', { htmlFor: list.id, textContent: heading }), list);
  });
  search.addEventListener('input', () => change(search.value, choices));
  return controls;
}
