import { describe, expect, it } from 'vitest';

import { difference, isSql, toggleSql } from '../src/document';

const cells = [
  { cell_id: 'a', source: 'x = 1' },
  { cell_id: 'b', source: 'y = x' }
];

describe('what to send', () => {
  it('is the whole document the first time', () => {
    expect(difference(null, cells, 'n.ipynb')).toEqual({ command: 'sync', arguments: { cells, path: 'n.ipynb' } });
  });

  it('is nothing when nothing changed', () => {
    expect(difference(cells, [...cells], 'n.ipynb')).toBeNull();
  });

  it('is one cell when one changed', () => {
    const edited = { cell_id: 'b', source: 'y = 2' };
    expect(difference(cells, [cells[0], edited], '')).toEqual({ command: 'edit', arguments: edited });
    const disabled = { ...cells[0], disabled: true };
    expect(difference(cells, [disabled, cells[1]], '')).toEqual({ command: 'edit', arguments: disabled });
  });

  it.each([
    ['two cells changed', [{ ...cells[0], source: '1' }, { ...cells[1], source: '2' }]],
    ['a move', [cells[1], cells[0]]],
    ['a deletion', [cells[0]]],
    ['an insertion', [...cells, { cell_id: 'c', source: '' }]]
  ])('is the whole document after %s', (_, after) => {
    expect(difference(cells, after, '')?.command).toBe('sync');
  });
});

describe('SQL cells', () => {
  it('are those whose first line says so', () => {
    expect(isSql('%%sql\nselect 1')).toBe(true);
    expect(isSql('\n%%sql rows <<\nselect 1')).toBe(true);
    expect(isSql('%%sqlite\n')).toBe(false);
    expect(isSql('x = "%%sql"')).toBe(false);
  });

  it('become Python and SQL again with their text kept', () => {
    expect(toggleSql('select 1')).toBe('%%sql\nselect 1');
    expect(toggleSql('%%sql rows <<\nselect 1')).toBe('select 1');
    expect(toggleSql('%%sql')).toBe('');
    expect(toggleSql('')).toBe('%%sql\n');
  });
});
