/**
 * Marks the cells of one view of a notebook. Work is put together and done once per frame, for cells on screen only.
 */
import { type Cell, CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { PanelLayout } from '@lumino/widgets';

import { isSql } from './document';
import { GutterLine } from './gutter';
import type { Change } from './model';
import { choose, highlight } from './navigate';
import type { Entry } from './protocol';
import type { NotebookSession } from './session';
import { cellName, kindOf } from './views';

export interface MarkSettings {
  readonly showFlow: boolean;
  readonly highlight: boolean;
}

/** Keep the marks of a panel current until the panel is gone. */
export function markCells(
  panel: NotebookPanel,
  session: NotebookSession,
  settings: () => MarkSettings
): IDisposable & { refresh(): void } {
  const lines = new Map<Cell, GutterLine>();
  let dirty: Set<string> | 'all' = new Set();
  let frame = 0;

  const later = (ids: ReadonlySet<string> | 'all') => {
    dirty = dirty === 'all' || ids === 'all' ? 'all' : new Set([...dirty, ...ids]);
    frame ||= requestAnimationFrame(update);
  };
  const onChange = (_: unknown, change: Change) => later(change.edges ? 'all' : change.changed);
  const all = () => later('all');

  const update = () => {
    frame = 0;
    const ids = dirty;
    dirty = new Set();
    if (panel.isDisposed || session.isDisposed) {
      return;
    }
    panel.toggleClass('jp-mod-reactive', session.active);
    panel.toggleClass('jp-mod-reactiveQuiet', !settings().showFlow);
    for (const cell of panel.content.widgets) {
      if (cell instanceof CodeCell && (ids === 'all' || ids.has(cell.model.id))) {
        mark(cell);
      }
    }
  };

  const mark = (cell: CodeCell) => {
    const entry = session.active ? session.state.cells.get(cell.model.id) ?? null : null;
    if (entry === null) {
      delete cell.node.dataset.reactive;
    } else {
      cell.node.dataset.reactive = kindOf(entry);
    }
    let line = lines.get(cell);
    if (line === undefined && entry !== null) {
      line = attach(cell);
    }
    line?.present(session.state, entry);
    setLanguage(cell, session.active, panel.content.codeMimetype);
  };

  const attach = (cell: CodeCell) => {
    const line = new GutterLine({
      go: (cells, event) => {
        const targets = cells.map(id => ({ id, label: label(session, panel, id) }));
        choose(panel, targets, { x: event.clientX, y: event.clientY });
      },
      hover: (entry: Entry | null) => {
        highlight(panel, settings().highlight ? entry : null);
      }
    });
    lines.set(cell, line);
    cell.disposed.connect(() => {
      lines.delete(cell);
      line.dispose();
    });
    void cell.ready.then(() => {
      // After the input (header, input, resize handle, output, footer).
      if (!cell.isDisposed && !line.isDisposed) {
        (cell.layout as PanelLayout).insertWidget(2, line);
      }
    });
    return line;
  };

  session.changed.connect(onChange);
  session.activeChanged.connect(all);
  session.context.model.cells.changed.connect(all);
  later('all');

  const cleanup = new DisposableDelegate(() => {
    session.changed.disconnect(onChange);
    session.activeChanged.disconnect(all);
    lines.forEach(line => line.dispose());
  });
  panel.disposed.connect(() => cleanup.dispose());
  return Object.assign(cleanup, { refresh: all });
}

/** A cell for a menu: its place and how it begins. */
function label(session: NotebookSession, panel: NotebookPanel, id: string): string {
  const cell = panel.content.widgets.find(other => other.model.id === id);
  const first = cell?.model.sharedModel.getSource().split('\n', 1)[0] ?? '';
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
