/** What a report's page holds: text, tables and plots, from whichever report it was made. The browser's script reads it as JSON. */

/** A sentence; names come from data and are set apart wherever they are shown. */
export type Text = readonly (string | Name)[];

export interface Name {
  readonly name: string;
}

/** `range` and `percents` cells are pairs, the others numbers or, for names and texts, strings. null: no example bears on it. */
export type ColumnKind =
  | 'name'
  | 'text'
  | 'count'
  | 'figure'
  | 'signed'
  | 'percent'
  | 'ratio'
  | 'range'
  | 'percents'
  | 'short';
export type Cell = string | number | null | readonly [number, number];

export interface Column {
  readonly heading: string;
  readonly kind: ColumnKind;
  /** Columns beside each other with the same group have one heading above theirs. */
  readonly group?: string;
  /** Offers a choice among the column's values. */
  readonly choice?: true;
}

export interface Table {
  readonly kind: 'table';
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A value with its interval, on the line of `name`; `series` gives its colour. */
export interface Estimate {
  readonly name: string;
  readonly series: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export type Plot =
  | {
      /** Each of the first `limit` rows that a table shows, as the reader sorted and filtered it, with an interval a series. */
      readonly type: 'forest';
      readonly table: string;
      readonly limit: number;
      /** Numbers of the columns that name a row. */
      readonly names: readonly number[];
      readonly series: readonly { readonly name: string; readonly value: number; readonly interval: number }[];
      readonly axis: string;
    }
  | {
      readonly type: 'intervals';
      readonly estimates: readonly Estimate[];
      readonly axis: string;
      readonly percent?: true;
      /** A line across all, such as a target. */
      readonly mark?: number;
    }
  | {
      /** `values[row][group][column]`, signed shares. */
      readonly type: 'heatmap';
      readonly rows: readonly string[];
      readonly groups: readonly string[];
      readonly columns: readonly string[];
      readonly values: readonly (readonly (readonly (number | null)[])[])[];
      readonly axis: string;
    }
  | {
      readonly type: 'histogram';
      readonly bins: readonly { readonly low: number; readonly high: number; readonly rows: number }[];
      /** Rows with exactly this value. */
      readonly points: readonly { readonly value: number; readonly rows: number; readonly name: string }[];
      readonly axis: string;
      readonly logarithmic?: true;
    }
  | {
      readonly type: 'curves';
      readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
      readonly marks: readonly { readonly x: number; readonly name: string }[];
      readonly axes: readonly [string, string];
    }
  | {
      /** From a total, step by step, to another. */
      readonly type: 'waterfall';
      readonly steps: readonly {
        readonly name: string;
        readonly from: number;
        readonly to: number;
        readonly role: 'total' | 'step' | 'comparison';
      }[];
      readonly axis: string;
      readonly unit: 'count' | 'figure';
    };

export interface Figure {
  readonly kind: 'figure';
  readonly id: string;
  readonly title: string;
  /** What the plot shows, for those who do not see it. */
  readonly description: Text;
  readonly plot: Plot;
  /** The same figures; absent where a table of the page has them. */
  readonly data?: Table;
}

export interface Paragraph {
  readonly kind: 'paragraph';
  readonly text: Text;
}

export interface Code {
  readonly kind: 'code';
  readonly title: string;
  readonly text: string;
}

/** Folded until it is opened. */
export interface Details {
  readonly kind: 'details';
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block = Table | Figure | Paragraph | Code | Details;

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** How an answer is coloured; what it says is always in words too. */
export type Tone = 'good' | 'bad' | 'open';

export interface Finding {
  readonly question: string;
  readonly answer: Text;
}

export interface Answer {
  readonly tone: Tone;
  readonly verdict: Text;
  /** The questions that a reader has, in order. */
  readonly findings: readonly Finding[];
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

export interface Page {
  readonly title: string;
  /** What was looked at, above its answer, where there are several. */
  readonly answers: readonly (Answer & { readonly of: string | null })[];
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
  /** Of the program: name and version. */
  readonly maker: string;
}
