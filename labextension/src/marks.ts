/**
 * Marks the cells of one view of a notebook. Work is put together and done once per frame, for cells on screen only.
 */
import { type Cell, CodeCell, type ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { PanelLayout } from '@lumino/widgets';

import { isSql } from './document';
import { GutterLine } from './gutter';
import type { Change } from './model';
import { choose, highlight } from './navigate';
import type { NotebookSession } from './session';
import { cellName, kindOf } from './views';

export interface MarkSettings {
  readonly showFlow: boolean;
  readonly highlight: boolean;
}

/** Keeps the marks of a panel current until the panel is gone. */
export class PanelMarks implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _session: NotebookSession,
    private readonly _settings: MarkSettings
  ) {
    _session.changed.connect(this._onChange, this);
    _session.activeChanged.connect(this.refresh, this);
    _session.context.model.cells.changed.connect(this._onCells, this);
    _panel.disposed.connect(this.dispose, this);
    this.refresh();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
      this._lines.forEach(line => line.dispose());
    }
  }

  /** Look at every cell again. */
  refresh(): void {
    this._later('all');
  }

  private _onChange(_: NotebookSession, change: Change): void {
    this._later(change.changed);
  }

  /** Cells that are new here, or moved, have no marks yet; the others' come with the kernel's word. */
  private _onCells(_: unknown, { newValues }: { newValues: readonly ICellModel[] }): void {
    this._later(new Set(newValues.map(cell => cell.id)));
  }

  private _later(ids: ReadonlySet<string> | 'all'): void {
    this._dirty = this._dirty === 'all' || ids === 'all' ? 'all' : new Set([...this._dirty, ...ids]);
    this._frame ||= requestAnimationFrame(() => this._update());
  }

  private _update(): void {
    this._frame = 0;
    const ids = this._dirty;
    this._dirty = new Set();
    if (this._isDisposed || this._panel.isDisposed || this._session.isDisposed) {
      return;
    }
    this._panel.toggleClass('jp-mod-reactive', this._session.active);
    this._panel.toggleClass('jp-mod-reactiveQuiet', !this._settings.showFlow);
    for (const cell of this._panel.content.widgets) {
      if (cell instanceof CodeCell && (ids === 'all' || ids.has(cell.model.id))) {
        this._mark(cell);
      }
    }
  }

  private _mark(cell: CodeCell): void {
    const { active, state } = this._session;
    const entry = active ? (state.cells.get(cell.model.id) ?? null) : null;
    if (entry === null) {
      delete cell.node.dataset.reactive;
    } else {
      cell.node.dataset.reactive = kindOf(entry);
    }
    const line = this._lines.get(cell) ?? (entry === null ? null : this._attach(cell));
    line?.present(state, entry, cell.model.executionCount !== null || cell.model.outputs.length > 0);
    setLanguage(cell, active, this._panel.content.codeMimetype);
  }

  private _attach(cell: CodeCell): GutterLine {
    const line = new GutterLine({
      go: (cells, event) => {
        const targets = cells.map(id => ({ id, label: label(this._session, id) }));
        choose(this._panel, targets, { x: event.clientX, y: event.clientY });
      },
      hover: entry => highlight(this._panel, this._settings.highlight ? entry : null)
    });
    this._lines.set(cell, line);
    cell.model.stateChanged.connect((_, { name }) => {
      // A number that came or went tells whether there is an old output to warn of.
      if (name === 'executionCount' && cell.node.dataset.reactive === 'new') {
        this._later(new Set([cell.model.id]));
      }
    }, this);
    cell.disposed.connect(() => {
      this._lines.delete(cell);
      line.dispose();
    });
    void cell.ready.then(() => {
      // After the input (header, input, resize handle, output, footer).
      if (!cell.isDisposed && !line.isDisposed) {
        (cell.layout as PanelLayout).insertWidget(2, line);
      }
    });
    return line;
  }

  private readonly _lines = new Map<Cell, GutterLine>();
  private _dirty: ReadonlySet<string> | 'all' = new Set();
  private _frame = 0;
  private _isDisposed = false;
}

/** A cell for a menu: its place and how it begins. */
function label(session: NotebookSession, id: string): string {
  const first = session.source(id).split('\n', 1)[0];
  return `${cellName(session.state, id)}: ${first.slice(0, 60)}`;
}

const SQL_TYPE = 'text/x-sql';

/** Highlight a SQL cell as SQL; Lab sets all cells to the kernel's language. */
function setLanguage(cell: CodeCell, active: boolean, usual: string): void {
  const sql = active && isSql(cell.model.sharedModel.getSource());
  if (sql) {
    cell.model.mimeType = SQL_TYPE;
  } else if (cell.model.mimeType === SQL_TYPE) {
    cell.model.mimeType = usual;
  }
}
