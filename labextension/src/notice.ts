/** The strip above a notebook: what a first analysis found, or that the reactive parts are out of service. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Widget } from '@lumino/widgets';

import { h } from './dom';
import { markIcon } from './icons';
import type { NotebookState } from './model';
import { goTo } from './navigate';
import type { NotebookSession } from './session';
import type { Settings } from './settings';
import { cellName, type Finding, findings } from './views';

/** More links than these would be a list, and the graph panel has that. */
const MOST_LINKS = 4;

export function showNotices(panel: NotebookPanel, session: NotebookSession, settings: Settings): void {
  const strip = new Strip();
  panel.contentHeader.addWidget(strip);
  let shown: 'trouble' | 'welcome' | 'adopted' | null = null;
  let welcomed = false;
  let switched = false;

  const hide = () => {
    shown = null;
    strip.hide();
  };
  const refresh = () => {
    if (panel.isDisposed) {
      return;
    }
    if (session.trouble !== null) {
      shown = 'trouble';
      strip.display('blocked', [h('span', { role: 'alert' }, session.trouble)], 'Try again', () => session.retry());
      return;
    }
    const touched = [...session.state.cells.values()].some(entry => entry.has_run);
    if (shown === 'adopted') {
      return;
    }
    if (shown === 'trouble' || touched || !session.active || !settings.notices) {
      hide();
    }
    if (session.active && !touched && !welcomed && settings.notices) {
      welcomed = true;
      shown = welcome(strip, panel, session, switched) ? 'welcome' : null;
    }
  };
  session.activeChanged.connect(refresh);
  session.changed.connect(() => {
    if (shown === 'welcome') {
      refresh();
    }
  });
  session.adopted.connect((_, cells) => {
    shown = 'adopted';
    const number = cells === 1 ? '1 cell' : `${cells} cells`;
    const text = `Edits of ${number} that are not in the notebook's file were brought in: made elsewhere, or never saved.`;
    strip.display('stale', [h('span', { role: 'status' }, text)], 'Use the file', () => void panel.context.revert());
  });
  settings.changed.connect(refresh);
  let kernel = session.kernel?.name;
  panel.context.sessionContext.kernelChanged.connect((_, { newValue }) => {
    if (newValue) {
      switched = kernel !== undefined && kernel !== newValue.name;
      kernel = newValue.name;
      welcomed = false;
    }
  });
  refresh();
}

/** Tell what was found; when nothing was, only people who have just chosen the kernel are told so. */
function welcome(strip: Strip, panel: NotebookPanel, session: NotebookSession, switched: boolean): boolean {
  const state = session.state;
  const found = findings(state);
  if (state.cells.size === 0 || (found.length === 0 && !switched)) {
    return false;
  }
  const links = found.slice(0, MOST_LINKS).map(item => link(item, panel, state));
  strip.display(
    found.length > 0 ? 'new' : 'fresh',
    [h('span', {}, headline(state, found)), ...links],
    'Run all',
    () => session.run('all')
  );
  return true;
}

function headline(state: NotebookState, found: readonly Finding[]): string {
  const cells = state.cells.size === 1 ? '1 cell' : `${state.cells.size} cells`;
  const count = (kind: Finding['kind'], one: string, many: string) => {
    const n = found.filter(item => item.kind === kind).length;
    return n === 0 ? '' : n === 1 ? `1 ${one}` : `${n} ${many}`;
  };
  const parts = [
    count('problem', 'cell with a problem', 'cells with problems'),
    count('forward', 'cell that reads from further down', 'cells that read from further down'),
    count('opaque', 'opaque cell', 'opaque cells')
  ].filter(part => part !== '');
  const rest = parts.length > 0 ? parts.join(', ') : 'nothing unusual';
  return `Reactive kernel: ${cells} analysed, none run. Found ${rest}${parts.length > 0 ? ':' : '.'}`;
}

function link(item: Finding, panel: NotebookPanel, state: NotebookState): HTMLElement {
  return h(
    'button',
    { class: 'jp-ReactiveLink', type: 'button', title: item.text, click: () => void goTo(panel, item.cell) },
    cellName(state, item.cell)
  );
}

class Strip extends Widget {
  constructor() {
    super();
    this.addClass('jp-ReactiveNotice');
    this.hide();
  }

  display(kind: Parameters<typeof markIcon>[0], parts: Node[], action: string, act: () => void): void {
    const run = () => {
      this.hide();
      act();
    };
    this.node.dataset.kind = kind;
    this.node.replaceChildren(
      markIcon(kind),
      h('span', { class: 'jp-ReactiveNotice-text' }, ...parts),
      h('button', { type: 'button', class: 'jp-ReactiveNotice-action', click: run }, action),
      h(
        'button',
        { type: 'button', class: 'jp-ReactiveNotice-close', 'aria-label': 'Dismiss', click: () => this.hide() },
        '×'
      )
    );
    this.show();
  }
}
