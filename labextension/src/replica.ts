/**
 * The notebook as the coordinator has told it, kept current message by message; and what to tell it. Pure.
 */
import { isSql, sameText } from './document';
import type { CellText } from './protocol';

/** A cell as the coordinator tells it. */
export interface DoorView {
  readonly cellId: string;
  readonly cellType: string;
  readonly code: string;
  readonly disabled?: boolean;
}

/** The coordinator's messages as far as they are about the document. */
export type DoorMessage =
  | { readonly type: 'notebook'; readonly cells: readonly DoorView[]; readonly kernel: DoorKernel }
  | { readonly type: 'cell_updated'; readonly cellId: string; readonly cell: DoorView }
  | { readonly type: 'cell_created'; readonly cellId: string; readonly cell: DoorView; readonly index: number }
  | { readonly type: 'cell_deleted'; readonly cellId: string }
  | { readonly type: 'cell_moved'; readonly cellId: string; readonly index: number }
  | { readonly type: 'kernel_status'; readonly status: string }
  | { readonly type: 'done'; readonly requestId: string; readonly ok: boolean };

export interface DoorKernel {
  readonly id: string | null;
  readonly status: string;
}

export class Replica {
  /** Take a message; whether the document is another one now. */
  take(message: DoorMessage): boolean {
    switch (message.type) {
      case 'notebook':
        this._order = message.cells.map(cell => cell.cellId);
        this._cells = new Map(message.cells.map(cell => [cell.cellId, cell]));
        return true;
      case 'cell_updated':
        return this._update(message.cell);
      case 'cell_created':
        this._remove(message.cellId);
        this._order.splice(message.index, 0, message.cellId);
        this._cells.set(message.cellId, message.cell);
        return true;
      case 'cell_deleted':
        this._cells.delete(message.cellId);
        return this._remove(message.cellId);
      case 'cell_moved':
        this._remove(message.cellId);
        this._order.splice(message.index, 0, message.cellId);
        return true;
      default:
        return false;
    }
  }

  has(id: string): boolean {
    return this._cells.has(id);
  }

  document(): CellText[] {
    return this._order.map(id => textOf(this._cells.get(id) as DoorView));
  }

  /** A cell as the coordinator is told it: its language only where it would take it for another. */
  told(cell: CellText): object {
    const language = isSql(cell.source) ? 'sql' : 'python';
    const known = this._cells.get(cell.cell_id)?.cellType;
    const changes = known !== undefined && known !== language;
    const text = { cellId: cell.cell_id, code: cell.source, disabled: cell.disabled === true };
    return changes ? { ...text, cellType: language } : text;
  }

  /**
   * The one message that tells what changed between two of our documents: nothing, a cell's text, or all cells with
   * what they were before, so that what others changed meanwhile is kept.
   */
  message(before: readonly CellText[], after: readonly CellText[]): object | null {
    const old = new Map(before.map(cell => [cell.cell_id, cell]));
    const edited = after.filter(cell => {
      const known = old.get(cell.cell_id);
      return known === undefined || !sameText(known, cell);
    });
    const sameOrder = before.length === after.length && after.every((cell, i) => cell.cell_id === before[i].cell_id);
    if (sameOrder && edited.length === 0) {
      return null;
    }
    if (sameOrder && edited.length === 1 && this.has(edited[0].cell_id)) {
      return { type: 'cell_update', ...this.told(edited[0]) };
    }
    // A cell that others deleted while we edited it is a new one for them.
    const lost = (cell: CellText) => !this.has(cell.cell_id) && edited.includes(cell);
    const gone = new Set(after.filter(lost).map(cell => cell.cell_id));
    return {
      type: 'sync',
      cells: after.map(cell => this.told(cell)),
      known: before.map(cell => cell.cell_id).filter(id => !gone.has(id)),
      changed: edited.map(cell => cell.cell_id)
    };
  }

  private _update(cell: DoorView): boolean {
    const before = this._cells.get(cell.cellId);
    if (before === undefined) {
      return false;
    }
    this._cells.set(cell.cellId, cell);
    return !sameText(textOf(before), textOf(cell));
  }

  private _remove(id: string): boolean {
    const at = this._order.indexOf(id);
    if (at >= 0) {
      this._order.splice(at, 1);
    }
    return at >= 0;
  }

  private _order: string[] = [];
  private _cells = new Map<string, DoorView>();
}

/** A cell in our own form: SQL says so in its first line. */
function textOf(view: DoorView): CellText {
  const bare = view.cellType === 'sql' && !isSql(view.code);
  return { cell_id: view.cellId, source: bare ? `%%sql\n${view.code}` : view.code, disabled: view.disabled === true };
}
