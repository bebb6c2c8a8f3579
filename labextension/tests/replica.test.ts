import { describe, expect, it } from 'vitest';

import { Replica, type DoorView } from '../src/replica';

const view = (cellId: string, code: string, more: Partial<DoorView> = {}): DoorView => ({
  cellId,
  cellType: 'python',
  code,
  ...more
});

function replica(...cells: DoorView[]): Replica {
  const made = new Replica();
  made.take({ type: 'notebook', cells, kernel: { id: 'k', status: 'idle' } });
  return made;
}

const sources = (made: Replica) => made.document().map(cell => `${cell.cell_id}:${cell.source}`);

describe('what the coordinator tells', () => {
  it('is followed message by message', () => {
    const made = replica(view('a', '1'), view('b', '2'));
    expect(made.take({ type: 'cell_created', cellId: 'n', cell: view('n', '3'), index: 1 })).toBe(true);
    expect(made.take({ type: 'cell_moved', cellId: 'a', index: 2 })).toBe(true);
    expect(made.take({ type: 'cell_updated', cellId: 'b', cell: view('b', '9') })).toBe(true);
    expect(sources(made)).toEqual(['n:3', 'b:9', 'a:1']);
    expect(made.take({ type: 'cell_deleted', cellId: 'n' })).toBe(true);
    expect(sources(made)).toEqual(['b:9', 'a:1']);
  });

  it('is no news when only names changed', () => {
    const made = replica(view('a', '1'));
    expect(made.take({ type: 'cell_updated', cellId: 'a', cell: view('a', '1') })).toBe(false);
    expect(made.take({ type: 'cell_updated', cellId: 'gone', cell: view('gone', '1') })).toBe(false);
    expect(made.take({ type: 'kernel_status', status: 'busy' })).toBe(false);
  });

  it('marks SQL in the text, as our notebooks do', () => {
    expect(sources(replica(view('a', 'select 1', { cellType: 'sql' })))).toEqual(['a:%%sql\nselect 1']);
    expect(sources(replica(view('a', '%%sql\nselect 1', { cellType: 'sql' })))).toEqual(['a:%%sql\nselect 1']);
  });
});

describe('what it is told', () => {
  const cell = (cell_id: string, source: string, disabled = false) => ({ cell_id, source, disabled });
  const made = () => replica(view('a', '1'), view('b', '2'));

  it('is nothing when nothing changed', () => {
    expect(made().message([cell('a', '1')], [cell('a', '1')])).toBeNull();
  });

  it('is one cell when one changed', () => {
    const before = [cell('a', '1'), cell('b', '2')];
    const message = made().message(before, [cell('a', '5'), cell('b', '2')]);
    expect(message).toEqual({ type: 'cell_update', cellId: 'a', code: '5', disabled: false });
  });

  it('is one message for a burst, with what we knew and what we changed', () => {
    const before = [cell('a', '1'), cell('b', '2')];
    const message = made().message(before, [cell('b', '7'), cell('n', '3')]);
    expect(message).toMatchObject({ type: 'sync', known: ['a', 'b'], changed: ['b', 'n'] });
  });

  it('makes a cell anew that others deleted while we edited it', () => {
    const before = [cell('a', '1'), cell('gone', '2')];
    const message = made().message(before, [cell('a', '1'), cell('gone', '7')]);
    expect(message).toMatchObject({ type: 'sync', known: ['a'], changed: ['gone'] });
  });

  it('names the language only where the coordinator would take another', () => {
    const sql = replica(view('a', '%%sql\nselect 1', { cellType: 'sql' }));
    expect(sql.told(cell('a', '%%sql\nselect 2'))).not.toHaveProperty('cellType');
    expect(sql.told(cell('a', 'select 2'))).toHaveProperty('cellType', 'python');
    expect(sql.told(cell('new', '%%sql\nselect 2'))).not.toHaveProperty('cellType');
  });
});
