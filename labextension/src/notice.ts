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

const TEXTS = {
  bereft: 'The kernel is not running, so cells are not marked. Editing works as usual; Kernel > Restart Kernel starts one.',
  apart:
    "The coordinator can't be reached. Cells run and are marked, but edits made elsewhere and outputs made while away " +
    'are missed.'
};

type Remark = keyof typeof TEXTS;

export function showNotices(panel: NotebookPanel, session: NotebookSession, settings: Settings): void {
  new Notices(panel, session, settings);
}

/** Decides what the strip of one notebook says: one thing at a time, the gravest first. */
class Notices {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _session: NotebookSession,
    private readonly _settings: Settings
  ) {
    const context = _panel.context;
    _panel.contentHeader.addWidget(this._strip);
    _session.activeChanged.connect(() => this._refresh());
    _session.changed.connect(() => {
      if (this._shown === 'welcome') {
        this._refresh();
      }
    });
    _session.adopted.connect((_, cells) => this._adopted(cells));
    _settings.changed.connect(() => this._refresh());
    let kernel = _session.kernel?.name;
    context.sessionContext.kernelChanged.connect((_, { newValue }) => {
      if (newValue) {
        this._switched = kernel !== undefined && kernel !== newValue.name;
        kernel = newValue.name;
        this._welcomed = false;
      }
    });
    this._refresh();
  }

  private _refresh(): void {
    const session = this._session;
    if (this._panel.isDisposed) {
      return;
    }
    if (!session.bereft) {
      this._dismissed.delete('bereft');
    }
    if (session.trouble !== null) {
      this._shown = 'trouble';
      const action = { label: 'Try again', act: () => session.retry() };
      this._strip.display('blocked', [h('span', { role: 'alert' }, session.trouble)], action, () => this._hide());
    } else if (session.bereft) {
      this._remark('bereft');
    } else if (this._shown !== 'adopted') {
      this._refreshWhileWell();
    }
  }

  private _refreshWhileWell(): void {
    const { active, apart, state } = this._session;
    const touched = [...state.cells.values()].some(entry => entry.has_run);
    const news = active && !touched && this._settings.notices;
    if (!(this._shown === 'welcome' && news) && !(this._shown === 'apart' && active && apart)) {
      this._hide();
    }
    if (news && !this._welcomed) {
      this._welcomed = true;
      const close = () => this._closed();
      if (welcome(this._strip, this._panel, this._session, this._switched, close)) {
        this._shown = 'welcome';
      }
    }
    if (active && apart && this._shown === null) {
      this._remark('apart');
    }
  }

  /** Said quietly, and not again to people who have put it away. */
  private _remark(what: Remark): void {
    if (this._dismissed.has(what)) {
      this._hide();
    } else if (this._shown !== what) {
      this._shown = what;
      this._strip.display('stale', [h('span', { role: 'status', title: TEXTS[what] }, TEXTS[what])], null, () => {
        this._dismissed.add(what);
        this._hide();
      });
    }
  }

  private _adopted(cells: number): void {
    this._shown = 'adopted';
    const number = cells === 1 ? '1 cell' : `${cells} cells`;
    const text = `Edits of ${number} that are not in the notebook's file were brought in: made elsewhere, or never saved.`;
    const action = { label: 'Use the file', act: () => void this._panel.context.revert() };
    this._strip.display('stale', [h('span', { role: 'status' }, text)], action, () => this._closed());
  }

  /** People are done with what was shown; something may have waited for that. */
  private _closed(): void {
    this._hide();
    this._refresh();
  }

  private _hide(): void {
    this._shown = null;
    this._strip.hide();
  }

  private readonly _strip = new Strip();
  private _shown: Remark | 'trouble' | 'welcome' | 'adopted' | null = null;
  private readonly _dismissed = new Set<Remark>();
  private _welcomed = false;
  private _switched = false;
}

/** Tell what was found; when nothing was, only people who have just chosen the kernel are told so. */
function welcome(
  strip: Strip,
  panel: NotebookPanel,
  session: NotebookSession,
  switched: boolean,
  closed: () => void
): boolean {
  const state = session.state;
  const found = findings(state);
  if (state.cells.size === 0 || (found.length === 0 && !switched)) {
    return false;
  }
  const links = found.slice(0, MOST_LINKS).map(item => link(item, panel, state));
  strip.display(
    found.length > 0 ? 'new' : 'fresh',
    [h('span', {}, headline(state, found)), ...links],
    { label: 'Run all', act: () => void session.run('all') },
    closed
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

interface Action {
  readonly label: string;
  readonly act: () => void;
}

class Strip extends Widget {
  constructor() {
    super();
    this.addClass('jp-ReactiveNotice');
    this.hide();
  }

  /** `closed`: people have put it away, or taken the action. */
  display(kind: Parameters<typeof markIcon>[0], parts: Node[], action: Action | null, closed: () => void): void {
    const button = (attributes: object, text: string, click: () => void) =>
      h('button', { type: 'button', ...attributes, click }, text);
    const run = () => {
      closed();
      action?.act();
    };
    this.node.dataset.kind = kind;
    this.node.replaceChildren(
      markIcon(kind),
      h('span', { class: 'jp-ReactiveNotice-text' }, ...parts),
      ...(action === null ? [] : [button({ class: 'jp-ReactiveNotice-action' }, action.label, run)]),
      button({ class: 'jp-ReactiveNotice-close', 'aria-label': 'Dismiss' }, '×', closed)
    );
    this.show();
  }
}
