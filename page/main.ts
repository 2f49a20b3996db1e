/** What the script of a report's page does: sorting, filtering and more rows for its tables, and its plots. */
import type { Block, Figure, Page, Table } from '../schemas/page.js';
import { showFigure } from './figure.js';
import { interactiveTable, type ShownTable } from './table.js';

function blocksOf(blocks: readonly Block[]): { tables: Table[]; figures: Figure[] } {
  const tables: Table[] = [];
  const figures: Figure[] = [];
  for (const block of blocks) {
    if (block.kind === 'table') tables.push(block);
    if (block.kind === 'figure') {
      figures.push(block);
      if (block.data !== undefined) tables.push(block.data);
    }
    if (block.kind === 'details') {
      const inner = blocksOf(block.blocks);
      tables.push(...inner.tables);
      figures.push(...inner.figures);
    }
  }
  return { tables, figures };
}

function elementsBy(attribute: string): Map<string, HTMLElement> {
  const elements = document.querySelectorAll<HTMLElement>(`[data-${attribute}]`);
  return new Map(Array.from(elements, (element) => [element.dataset[attribute]!, element]));
}

const page = JSON.parse(document.getElementById('page')!.textContent!) as Page;
const { tables, figures } = blocksOf(page.sections.flatMap(({ blocks }) => blocks));
const tableElements = elementsBy('table');
const figureElements = elementsBy('figure');
const shown = new Map<string, ShownTable>();
for (const table of tables) shown.set(table.id, interactiveTable(table, tableElements.get(table.id)!));
for (const figure of figures) showFigure(figure, figureElements.get(figure.id)!, shown);
