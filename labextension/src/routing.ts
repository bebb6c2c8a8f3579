/**
 * Puts the outputs of a cascade into their own cells, by the cell id that each message carries.
 *
 * Where the page itself handles a message already (the cell was last run from here), it is left alone. Writes to the
 * cells' models, never to widgets: so off-screen, moved, pasted and never-run cells are all alike.
 */
import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputModel } from '@jupyterlab/rendermime';
import type { KernelMessage } from '@jupyterlab/services';

import type { MarkedMessage } from './connection';
import type { Entry } from './protocol';

/** The notebook as the router sees it. */
export interface RoutingTarget {
  model(cellId: string): ICodeCellModel | null;
  /** The views of the notebook (it may be open in several). */
  panels(): readonly NotebookPanel[];
  /** Whether this client writes outputs for that session (of several that share a document only one may). */
  owns(session: string): boolean;
  /** An output of the cell was left to others. */
  left(cellId: string): void;
  /** Whether somebody else (an Output widget) takes an output message for itself. */
  takes(message: KernelMessage.IIOPubMessage): boolean;
}

interface Running {
  readonly started: string;
  /** Whose request it is. */
  readonly session: string;
  /** The old output is still shown, until the first new one. */
  clearPending: boolean;
  /** What was there before a run that the page itself shows. */
  readonly old: IOutputModel | null;
}

export class Router {
  constructor(private readonly _target: RoutingTarget) {}

  /** Take one marked message. */
  take({ message, mark }: MarkedMessage): void {
    const model = this._target.model(mark.cell_id);
    const parent = message.parent_header as Partial<KernelMessage.IHeader>;
    if (model === null) {
      return;
    }
    if (!this._target.owns(parent.session ?? '')) {
      this._target.left(mark.cell_id);
      return;
    }
    const stock = this._target.panels().some(panel => {
      const cell = panel.content.widgets.find(widget => widget.model === model) as CodeCell | undefined;
      return cell !== undefined && handles(cell, parent.msg_id ?? '');
    });
    if (message.header.msg_type === 'execute_input') {
      this._start(mark.cell_id, model, message, stock);
    } else if (!stock && !this._target.takes(message)) {
      this._write(mark.cell_id, model, message);
    }
  }

  /** Take the kernel's word that a cell ended: prompt, timing, and old output that nothing replaced. */
  ended(entry: Entry): void {
    const running = this._running.get(entry.cell_id);
    if (running === undefined || entry.status === 'running' || entry.status === 'queued') {
      return;
    }
    this._running.delete(entry.cell_id);
    const model = this._target.model(entry.cell_id);
    // A page that hears of others only now has begun what is theirs: they have written the outputs.
    if (model === null || !this._target.owns(running.session)) {
      return;
    }
    const { old } = running;
    if (running.clearPending || (old !== null && model.outputs.length > 0 && model.outputs.get(0) === old)) {
      model.outputs.clear();
    }
    if (this._recordsTiming()) {
      this._timed.set(entry.cell_id, { started: running.started, seconds: entry.seconds });
      recordTiming(model, running.started, entry.seconds);
    }
    // Last, because it also ends the [*].
    model.executionCount = entry.execution_count ?? model.executionCount;
    model.executionState = 'idle';
  }

  /** The page has written how long the request took: the whole cascade. The cell's own time is put in its place. */
  executed(id: string): void {
    const model = this._target.model(id);
    const time = this._timed.get(id);
    if (model !== null && time !== undefined && this._recordsTiming()) {
      recordTiming(model, time.started, time.seconds);
    }
  }

  /** Forget what was running: the kernel is gone. */
  reset(): void {
    for (const id of this._running.keys()) {
      const model = this._target.model(id);
      if (model !== null) {
        model.executionState = 'idle';
      }
    }
    this._running.clear();
    this._displays.clear();
    this._timed.clear();
  }

  private _recordsTiming(): boolean {
    return this._target.panels().some(panel => panel.content.notebookConfig.recordTiming);
  }

  private _start(id: string, model: ICodeCellModel, message: KernelMessage.IIOPubMessage, stock: boolean): void {
    const old = stock && model.outputs.length > 0 ? model.outputs.get(0) : null;
    if (!stock) {
      // As CodeCell.execute does: what the user's own kernel makes now may be shown in full.
      model.trusted = true;
    }
    if (!stock || old !== null) {
      // The page cleared it when it asked for the run; since then it may have run because another cell needed it.
      model.outputs.clear(true);
    }
    model.executionState = 'running';
    const session = (message.parent_header as Partial<KernelMessage.IHeader>).session ?? '';
    this._running.set(id, { started: message.header.date, session, clearPending: !stock, old });
  }

  private _write(id: string, model: ICodeCellModel, message: KernelMessage.IIOPubMessage): void {
    const type = message.header.msg_type;
    const content = message.content as Record<string, unknown>;
    const display = (content.transient as { display_id?: string } | undefined)?.display_id;
    if (type === 'clear_output') {
      model.outputs.clear(content.wait === true);
      this._settled(id, content.wait !== true);
    } else if (type === 'update_display_data') {
      this._update(display, content);
    } else if (isOutput(type)) {
      this._settled(id, true);
      if (type === 'display_data') {
        this._update(display, content);
      }
      model.outputs.add({ ...content, output_type: type } as unknown as IOutput);
      if (display !== undefined && type !== 'stream' && type !== 'error') {
        this._remember(display, model);
      }
    }
  }

  private _settled(id: string, cleared: boolean): void {
    const running = this._running.get(id);
    if (running !== undefined && cleared) {
      running.clearPending = false;
    }
  }

  private _remember(display: string, model: ICodeCellModel): void {
    const shown = this._displays.get(display) ?? [];
    shown.push({ model, output: model.outputs.get(model.outputs.length - 1) });
    this._displays.set(display, shown);
  }

  private _update(display: string | undefined, content: Record<string, unknown>): void {
    if (display === undefined) {
      return;
    }
    const output = { ...content, output_type: 'display_data' } as unknown as IOutput;
    const kept: Shown[] = [];
    for (const { model, output: old } of this._displays.get(display) ?? []) {
      const index = model.isDisposed ? -1 : indexOf(model, old);
      if (index >= 0) {
        model.outputs.set(index, output);
        kept.push({ model, output: model.outputs.get(index) });
      }
    }
    this._displays.set(display, kept);
  }

  private readonly _running = new Map<string, Running>();
  private readonly _timed = new Map<string, { started: string; seconds: number | null }>();
  private readonly _displays = new Map<string, Shown[]>();
}

interface Shown {
  readonly model: ICodeCellModel;
  readonly output: IOutputModel;
}

function indexOf(model: ICodeCellModel, output: IOutputModel): number {
  for (let i = 0; i < model.outputs.length; i++) {
    if (model.outputs.get(i) === output) {
      return i;
    }
  }
  return -1;
}

function isOutput(type: string): boolean {
  return type === 'stream' || type === 'display_data' || type === 'execute_result' || type === 'error';
}

/** Whether the cell was last run from this page by the very request that the message belongs to. */
function handles(cell: CodeCell, parent: string): boolean {
  const future = cell.isDisposed ? null : cell.outputArea.future;
  return !!future && !future.isDisposed && future.msg.header.msg_id === parent;
}

function recordTiming(model: ICodeCellModel, started: string, seconds: number | null): void {
  const begun = Date.parse(started) || Date.now();
  const reply = seconds === null ? Date.now() : begun + seconds * 1000;
  model.setMetadata('execution', {
    'iopub.execute_input': started,
    'shell.execute_reply.started': started,
    'shell.execute_reply': new Date(reply).toISOString()
  });
}
