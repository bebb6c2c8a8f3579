/** The notebook's variables: type and size from the kernel, and the cells that define and use each. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h } from './dom';
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
    this._asked = -1;
  }

  protected onAfterShow(_: Message): void {
    this._refresh();
  }

  private _refresh(): void {
    const state = this._state;
    const rows = state === null ? [] : variables(state).slice(0, MOST);
    this._draw(state, rows);
    if (state !== null && rows.length > 0 && state.revision !== this._asked) {
      this._ask(state.revision, rows);
    }
  }

  private _ask(revision: number, rows: readonly Variable[]): void {
    window.clearTimeout(this._waiting);
    this._waiting = window.setTimeout(() => {
      if (this.isDisposed || !this.isVisible) {
        return;
      }
      this._asked = revision;
      this._actions.inspect(rows.map(row => row.name)).then(
        values => {
          this._values = new Map(values.map(value => [value.name, value]));
          this._draw(this._state, rows);
        },
        () => {
          // Without types and sizes the table is still right: the next change asks again.
        }
      );
    }, PAUSE);
  }

  private _draw(state: NotebookState | null, rows: readonly Variable[]): void {
    if (state === null || rows.length === 0) {
      this.node.replaceChildren(h('div', { class: 'jp-ReactivePanel-empty' }, 'No variables yet.'));
      return;
    }
    const head = ['Name', 'Type', 'Size', 'Defined', 'Used'].map(text =>
      h('th', { scope: 'col', title: text === 'Size' ? 'Size or shape; of a short value the value itself' : null }, text)
    );
    this.node.replaceChildren(
      h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows.map(row => this._row(state, row))))
    );
  }

  private _row(state: NotebookState, row: Variable): HTMLElement {
    const value = this._values.get(row.name);
    return h(
      'tr',
      { 'data-name': row.name },
      h('th', { scope: 'row', title: row.name }, row.name),
      h('td', { title: value?.type }, value?.type ?? ''),
      h('td', { title: value?.summary }, value?.size || value?.summary || ''),
      h('td', {}, ...this._cells(state, row.definedIn)),
      h('td', {}, ...this._cells(state, row.usedIn))
    );
  }

  private _cells(state: NotebookState, cells: readonly string[]): Node[] {
    return cells.flatMap((cell, index) => {
      const link = h(
        'button',
        { type: 'button', class: 'jp-ReactiveLink', click: () => this._actions.go(cell) },
        String((state.cells.get(cell)?.index ?? 0) + 1)
      );
      return index === 0 ? [link] : [document.createTextNode(' '), link];
    });
  }

  private _state: NotebookState | null = null;
  private _values: ReadonlyMap<string, ValueInfo> = new Map();
  private _asked = -1;
  private _waiting = 0;
}
