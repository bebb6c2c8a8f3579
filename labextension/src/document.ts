/**
 * The notebook as the kernel should know it, and the one message that brings it up to date. Pure.
 */
import type { CellText } from './protocol';

export type DocumentRequest =
  | { readonly command: 'sync'; readonly arguments: { cells: readonly CellText[]; path: string } }
  | { readonly command: 'edit'; readonly arguments: CellText };

/**
 * What to send, knowing what was sent last: nothing, one cell's new text, or the whole document.
 */
export function difference(
  before: readonly CellText[] | null,
  after: readonly CellText[],
  path: string
): DocumentRequest | null {
  const whole: DocumentRequest = { command: 'sync', arguments: { cells: after, path } };
  if (before === null || before.length !== after.length) {
    return whole;
  }
  let edited: CellText | null = null;
  for (let i = 0; i < after.length; i++) {
    if (before[i].cell_id !== after[i].cell_id) {
      return whole;
    }
    if (!sameText(before[i], after[i])) {
      if (edited !== null) {
        return whole;
      }
      edited = after[i];
    }
  }
  return edited === null ? null : { command: 'edit', arguments: edited };
}

/** Whether two texts of a cell are the same for the kernel. */
export function sameText(a: CellText, b: CellText): boolean {
  return a.source === b.source && a.language === b.language && (a.disabled ?? false) === (b.disabled ?? false);
}

const SQL = /^\s*%%sql\b/;

/** A SQL cell says so in its first line, so that every client and every file format keeps it. */
export function isSql(source: string): boolean {
  return SQL.test(source);
}

/** The source with the language changed; the text of the query or program stays. */
export function toggleSql(source: string): string {
  if (!isSql(source)) {
    return source === '' ? '%%sql\n' : `%%sql\n${source}`;
  }
  const end = source.indexOf('\n');
  return end < 0 ? '' : source.slice(end + 1);
}
