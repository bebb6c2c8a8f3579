/**
 * Watches a notebook's code cells and, after a burst of changes, hands out the one request that tells the kernel.
 */
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { CellChange } from '@jupyter/ydoc';

import { difference, type DocumentRequest } from './document';
import type { CellText } from './protocol';
import type { Context } from './session';

/** A pause in typing after which the kernel is told; with the kernel's answer it stays well under 150 ms. */
export const PAUSE = 40;

export class DocumentWatch {
  constructor(
    private readonly _context: Context,
    private readonly _send: (request: DocumentRequest) => void
  ) {}

  /** Begin, with the whole document. */
  start(): void {
    this._sent = null;
    if (!this._watching) {
      this._watching = true;
      this._context.model.cells.changed.connect(this._onCells, this);
    }
    this._structure = true;
    this.flush();
  }

  stop(): void {
    this._watching = false;
    window.clearTimeout(this._timer);
    if (!this._context.isDisposed) {
      this._context.model.cells.changed.disconnect(this._onCells, this);
      for (const cell of this._context.model.cells) {
        cell.sharedModel.changed.disconnect(this._onCell, this);
      }
    }
  }

  /** Send the whole document with the next message. */
  resync(): void {
    this._sent = null;
    this._later();
  }

  /** Send now what is waiting. */
  flush(): void {
    window.clearTimeout(this._timer);
    if (!this._watching || this._context.isDisposed) {
      return;
    }
    if (this._structure) {
      this._readOrder();
    }
    const now = this._order.map(cell => this._text(cell));
    const request = difference(this._sent, now, this._context.localPath);
    this._sent = now;
    if (request !== null) {
      this._send(request);
    }
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

  private _later(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this.flush(), PAUSE);
  }

  private _watching = false;
  private _structure = true;
  private _timer = 0;
  private _sent: readonly CellText[] | null = null;
  private _order: ICellModel[] = [];
  private readonly _models = new Map<string, ICodeCellModel>();
  private readonly _texts = new WeakMap<ICellModel, CellText>();
}
