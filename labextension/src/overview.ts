/** What needs attention: stale, blocked and failed cells, in document order, each with its reason. */
import { Widget } from '@lumino/widgets';

import { h, type Row, Rows, setHidden } from './dom';
import { markIcon } from './icons';
import type { NotebookState } from './model';
import type { Entry } from './protocol';
import { cellName, counts, kindOf, type MarkKind, markOf, ordered } from './views';

const SHOWN: ReadonlySet<MarkKind> = new Set(['stale', 'blocked', 'error', 'running', 'queued']);
/** A longer list is no overview. */
const MOST = 100;

export class Overview extends Widget {
  constructor(private readonly _go: (cell: string) => void) {
    super();
    this.addClass('jp-ReactiveOverview');
    this._list = h('ul', {});
    this._rest = h('div', { class: 'jp-ReactivePanel-empty' });
    this._rows = new Rows(this._list);
    this.node.append(this._list, this._rest);
  }

  /** `absence` is said while there is no state. */
  present(state: NotebookState | null, absence: string): void {
    const entries = state === null ? [] : ordered(state).filter(entry => SHOWN.has(kindOf(entry)));
    const shown = entries.slice(0, MOST);
    this._rows.present(state === null ? [] : shown.map(entry => this._row(state, entry)));
    setHidden(this._list, shown.length === 0);
    this._rest.textContent = state === null ? absence : rest(state, entries.length - shown.length);
    setHidden(this._rest, shown.length > 0 && shown.length === entries.length);
  }

  private _row(state: NotebookState, entry: Entry): Row {
    const { kind, label, reason } = markOf(state, entry);
    const cell = entry.cell_id;
    const name = cellName(state, cell);
    const make = () =>
      h(
        'li',
        {},
        h(
          'button',
          { type: 'button', 'data-kind': kind, 'data-cell': cell, title: reason, click: () => this._go(cell) },
          markIcon(kind),
          h('span', { class: 'jp-ReactiveOverview-cell' }, name),
          h('span', { class: 'jp-ReactiveOverview-kind' }, label),
          h('span', { class: 'jp-ReactiveOverview-reason' }, reason)
        )
      );
    return { key: cell, signature: [name, label, reason].join('\n'), make };
  }

  private readonly _list: HTMLElement;
  private readonly _rest: HTMLElement;
  private readonly _rows: Rows;
}

/** What is said below the list, or in its place. */
function rest(state: NotebookState, more: number): string {
  if (more > 0) {
    return `and ${more} more`;
  }
  const { cells, unrun } = counts(state);
  return unrun === cells ? 'No cell has run yet.' : 'Settled: every cell that ran shows what a clean run would show.';
}
