/** The right sidebar's panel: what needs attention, the graph, the variables, for the notebook in front. */
import { SidePanel } from '@jupyterlab/ui-components';
import type { AccordionPanel, Widget } from '@lumino/widgets';

import { GraphView } from './graphview';
import { flowIcon } from './icons';
import { goTo } from './navigate';
import { Overview } from './overview';
import type { Sessions } from './sessions';
import { type ValueInfo, VariablesView } from './variablesview';

export const PANEL_ID = 'reactive-kernel-panel';

export class ReactivePanel extends SidePanel {
  constructor(private readonly _sessions: Sessions) {
    super({ content: undefined });
    this.id = PANEL_ID;
    this.addClass('jp-ReactivePanel');
    this.title.icon = flowIcon;
    this.title.caption = 'Reactive: graph, variables, stale cells';
    const go = (cell: string) => {
      const place = this._sessions.current;
      if (place !== null) {
        void goTo(place.panel, cell);
      }
    };
    this._overview = new Overview(go);
    this._graph = new GraphView({ go, firstLine: cell => this._firstLine(cell) });
    this._variables = new VariablesView({
      go,
      inspect: async names => {
        const reply = await this._sessions.current?.session.ask<{ variables: ValueInfo[] }>('variables', { names });
        return reply?.variables ?? [];
      }
    });
    this._add(this._overview, 'Needs attention');
    this._add(this._graph, 'Graph');
    this._add(this._variables, 'Variables');
    (this.content as AccordionPanel).setRelativeSizes([1, 3, 2]);
    _sessions.changed.connect(() => this._later());
    this._later();
  }

  /** Bring the active cell's node into view. */
  reveal(): void {
    this._graph.select(this._activeCell(), true);
  }

  protected onAfterShow(): void {
    this._later();
  }

  private _add(view: Widget, label: string): void {
    view.title.label = label;
    this.addWidget(view);
  }

  private _later(): void {
    this._frame ||= requestAnimationFrame(() => {
      this._frame = 0;
      this._refresh();
    });
  }

  private _refresh(): void {
    if (this.isDisposed || !this.isVisible) {
      return;
    }
    const place = this._sessions.current;
    const state = place?.session.state ?? null;
    const notebook = place?.panel.content ?? null;
    if (notebook !== this._notebook) {
      this._notebook = notebook;
      this._variables.reset();
      notebook?.activeCellChanged.connect(this._onActive, this);
    }
    this._overview.present(state, this._sessions.absence);
    this._graph.present(state, notebook);
    this._graph.select(this._activeCell(), false);
    this._variables.present(state);
  }

  private _onActive(): void {
    this._graph.select(this._activeCell(), false);
  }

  private _activeCell(): string | null {
    return this._sessions.current?.panel.content.activeCell?.model.id ?? null;
  }

  private _firstLine(id: string): string {
    const lines = this._sessions.current?.session.source(id).split('\n') ?? [];
    return lines.find(line => line.trim() !== '' && !line.startsWith('#')) ?? '(empty)';
  }

  private readonly _overview: Overview;
  private readonly _graph: GraphView;
  private readonly _variables: VariablesView;
  private _notebook: object | null = null;
  private _frame = 0;
}
