/**
 * Watches a notebook's code cells: says after a burst of changes what they are, and changes them where others did.
 */
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { CellChange, ISharedCell } from '@jupyter/ydoc';

import type { Step } from './merge';
import type { CellText } from './protocol';
import type { Context } from './session';

/** A pause in typing after which the kernel is told; with the kernel's answer it stays well under 150 ms. */
export const PAUSE = 40;

export class DocumentWatch {
  constructor(
    private readonly _context: Context,
    private readonly _changed: (cells: readonly CellText[]) => void,
    private readonly _leads: () => boolean
  ) {}

  /** Begin. */
  start(): void {
    if (!this._watching) {
      this._watching = true;
      this._context.model.cells.changed.connect(this._onCells, this);
    }
    // What was typed meanwhile nobody noticed.
    this._texts = new WeakMap();
    this._structure = true;
    this._readOrder();
  }

  stop(): void {
    this._watching = false;
    this._settle();
    if (!this._context.isDisposed) {
      this._context.model.cells.changed.disconnect(this._onCells, this);
      for (const cell of this._context.model.cells) {
        cell.sharedModel.changed.disconnect(this._onCell, this);
      }
    }
  }

  /** Whether a burst of changes is under way. */
  get busy(): boolean {
    return this._timer !== 0;
  }

  /** Say now what is waiting to be said. */
  flush(): void {
    this._settle();
    if (this._watching && !this._context.isDisposed) {
      if (this._structure && this._leads()) {
        this._tellApart();
      }
      this._changed(this.texts());
    }
  }

  /** The code cells as they are. */
  texts(): readonly CellText[] {
    if (this._structure) {
      this._readOrder();
    }
    return this._order.map(cell => this._text(cell));
  }

  /** Do to the notebook what others did to it; not part of what people undo here. */
  write(steps: readonly Step[]): void {
    // One by one: within a transaction the shared model still lists the cells as they were before it.
    const notebook = this._context.model.sharedModel;
    steps.forEach(step => notebook.transact(() => this._write(step), false));
  }

  /** The model of a code cell. */
  model(id: string): ICodeCellModel | null {
    if (this._structure) {
      this._readOrder();
    }
    return this._models.get(id) ?? null;
  }

  private _readOrder(): void {
    this._structure = false;
    this._order = [];
    this._models.clear();
    for (const cell of this._context.model.cells) {
      if (cell.type === 'code') {
        this._order.push(cell);
        this._models.set(cell.id, cell as ICodeCellModel);
        cell.sharedModel.changed.connect(this._onCell, this);
      }
    }
  }

  private _text(cell: ICellModel): CellText {
    const known = this._texts.get(cell);
    if (known !== undefined) {
      return known;
    }
    const settings = cell.getMetadata('reactive') as { disabled?: boolean } | undefined;
    const text: CellText = {
      cell_id: cell.id,
      source: cell.sharedModel.getSource(),
      disabled: settings?.disabled === true
    };
    this._texts.set(cell, text);
    return text;
  }

  private _onCells(): void {
    this._structure = true;
    this._later();
  }

  private _onCell(sender: object, change: CellChange): void {
    if (change.sourceChange === undefined && change.metadataChange === undefined) {
      return;
    }
    const id = (sender as { getId(): string }).getId();
    const cell = this._models.get(id);
    if (cell !== undefined) {
      this._texts.delete(cell);
      this._later();
    }
  }

  private _write(step: Step): void {
    const notebook = this._context.model.sharedModel;
    const at = (id: string) => notebook.cells.findIndex(cell => cell.getId() === id);
    if (step.kind === 'delete') {
      notebook.deleteCell(at(step.cell));
      return;
    }
    const { cell_id: id, source, disabled } = step.cell;
    if (step.kind === 'insert') {
      const metadata = disabled === true ? { reactive: { disabled } } : {};
      notebook.insertCell(this._place(step.index), { cell_type: 'code', id, source, metadata });
    } else if (step.kind === 'move') {
      const from = at(id);
      const to = this._place(step.index, id);
      notebook.moveCell(from, to > from ? to - 1 : to);
    } else {
      const cell = notebook.cells[at(id)];
      replace(cell, source);
      setDisabled(cell, disabled === true);
    }
  }

  /** A cell that was cut, brought back by an undo and then pasted is there twice: the second gets an id of its own. */
  private _tellApart(): void {
    const notebook = this._context.model.sharedModel;
    const seen = new Set<string>();
    notebook.cells.forEach((cell, index) => {
      if (seen.has(cell.getId())) {
        const { id: _, ...copy } = cell.toJSON();
        notebook.transact(() => {
          notebook.deleteCell(index);
          notebook.insertCell(index, copy);
        });
      }
      seen.add(cell.getId());
    });
  }

  /** Where in the notebook the code cell of that number stands, or would stand: behind the one before it. */
  private _place(index: number, moved?: string): number {
    const cells = this._context.model.sharedModel.cells;
    const code = cells.flatMap((cell, i) => (cell.cell_type === 'code' && cell.getId() !== moved ? [i] : []));
    return index === 0 ? (code[0] ?? cells.length) : code[index - 1] + 1;
  }

  private _settle(): void {
    window.clearTimeout(this._timer);
    this._timer = 0;
  }

  private _later(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this.flush(), PAUSE);
  }

  private _watching = false;
  private _structure = true;
  private _timer = 0;
  private _order: ICellModel[] = [];
  private readonly _models = new Map<string, ICodeCellModel>();
  private _texts = new WeakMap<ICellModel, CellText>();
}

/** Change a cell's text where it differs, so that the cursor and the rest of the text stay. */
function replace(cell: ISharedCell, source: string): void {
  const old = cell.getSource();
  const most = Math.min(old.length, source.length);
  let start = 0;
  while (start < most && old[start] === source[start]) {
    start++;
  }
  let same = 0;
  while (same < most - start && old[old.length - 1 - same] === source[source.length - 1 - same]) {
    same++;
  }
  if (old !== source) {
    cell.updateSource(start, old.length - same, source.slice(start, source.length - same));
  }
}

function setDisabled(cell: ISharedCell, disabled: boolean): void {
  const { disabled: before = false, ...rest } = (cell.getMetadata('reactive') ?? {}) as { disabled?: boolean };
  if (before === disabled) {
    return;
  }
  if (disabled) {
    cell.setMetadata('reactive', { ...rest, disabled });
  } else if (Object.keys(rest).length > 0) {
    cell.setMetadata('reactive', rest);
  } else {
    cell.deleteMetadata('reactive');
  }
}
