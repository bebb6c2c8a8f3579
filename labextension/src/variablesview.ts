/** The notebook's variables: type and size from the kernel, and the cells that define and use each. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h, type Row, Rows, setHidden } from './dom';
import type { NotebookState } from './model';
import { type Variable, variables } from './views';

/** A notebook with more names than this shows the first ones. */
const MOST = 300;
/** How long to wait for further news before the kernel is asked, in milliseconds. */
const PAUSE = 100;

/** A variable's value as the kernel tells it: never the value itself, but for a short number or text. */
export interface ValueInfo {
  readonly name: string;
  readonly type: string;
  readonly size: string;
  readonly summary: string;
}

export interface VariableActions {
  go(cell: string): void;
  /** Types and sizes; answered also while a cell runs. */
  inspect(names: readonly string[]): Promise<readonly ValueInfo[]>;
}

export class VariablesView extends Widget {
  constructor(private readonly _actions: VariableActions) {
    super();
    this.addClass('jp-ReactiveVariables');
    const head = ['Name', 'Type', 'Size', 'Defined', 'Used'].map(text =>
      h('th', { scope: 'col', title: text === 'Size' ? 'Size or shape; of a short value the value itself' : null }, text)
    );
    const body = h('tbody', {});
    this._rows = new Rows(body);
    this._table = h('table', {}, h('thead', {}, h('tr', {}, ...head)), body);
    this._empty = h('div', { class: 'jp-ReactivePanel-empty' }, 'No variables yet.');
    this.node.append(this._table, this._empty);
  }

  present(state: NotebookState | null): void {
    this._state = state;
    if (this.isVisible) {
      this._refresh();
    }
  }

  /** Forget the types and sizes: another notebook is in front. */
  reset(): void {
    window.clearTimeout(this._waiting);
    this._values = new Map();
    this._asked = '';
  }

  protected onAfterShow(_: Message): void {
    this._refresh();
  }

  private _refresh(): void {
    const state = this._state;
    const rows = state === null ? [] : variables(state).slice(0, MOST);
    this._draw(state, rows);
    // Values change when cells run, not when people type.
    const names = rows.map(row => row.name);
    const wanted = state === null ? '' : `${names.join()} ${runs(state)}`;
    if (rows.length > 0 && wanted !== this._asked) {
      this._ask(wanted, names);
    }
  }

  private _ask(wanted: string, names: readonly string[]): void {
    window.clearTimeout(this._waiting);
    this._waiting = window.setTimeout(() => {
      if (this.isDisposed || !this.isVisible) {
        return;
      }
      this._asked = wanted;
      this._actions.inspect(names).then(
        values => {
          this._values = new Map(values.map(value => [value.name, value]));
          this._refresh();
        },
        () => {
          // Without types and sizes the table is still right: the next change asks again.
          this._asked = '';
        }
      );
    }, PAUSE);
  }

  private _draw(state: NotebookState | null, rows: readonly Variable[]): void {
    this._rows.present(state === null ? [] : rows.map(row => this._row(state, row)));
    setHidden(this._table, rows.length === 0);
    setHidden(this._empty, rows.length > 0);
  }

  private _row(state: NotebookState, row: Variable): Row {
    const { type = '', size = '', summary = '' } = this._values.get(row.name) ?? {};
    const number = (cell: string) => String((state.cells.get(cell)?.index ?? 0) + 1);
    const [defined, used] = [row.definedIn, row.usedIn].map(cells => cells.map(cell => [cell, number(cell)] as const));
    const make = () =>
      h(
        'tr',
        { 'data-name': row.name },
        h('th', { scope: 'row', title: row.name }, row.name),
        h('td', { title: type }, type),
        h('td', { title: summary }, size || summary),
        h('td', {}, ...this._links(defined, 'defined')),
        h('td', {}, ...this._links(used, 'used'))
      );
    return { key: row.name, signature: [type, size, summary, ...defined, '', ...used].join('\n'), make };
  }

  private _links(cells: readonly (readonly [string, string])[], how: string): Node[] {
    return cells.flatMap(([cell, number], index) => {
      const label = `Go to cell ${number}, where it is ${how}`;
      const act = () => this._actions.go(cell);
      const link = h(
        'button',
        { type: 'button', class: 'jp-ReactiveLink', title: label, 'aria-label': label, click: act },
        number
      );
      return index === 0 ? [link] : [document.createTextNode(' '), link];
    });
  }

  private readonly _table: HTMLElement;
  private readonly _empty: HTMLElement;
  private readonly _rows: Rows;
  private _state: NotebookState | null = null;
  private _values: ReadonlyMap<string, ValueInfo> = new Map();
  /** For which names, after which runs, the kernel was asked last. */
  private _asked = '';
  private _waiting = 0;
}

/** How often each cell has run, and which one is running. */
function runs(state: NotebookState): string {
  return [...state.cells.values()]
    .map(entry => `${entry.execution_count ?? ''}${entry.status === 'running' ? '*' : ''}`)
    .join();
}
