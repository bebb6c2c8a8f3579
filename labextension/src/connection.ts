/**
 * The line to one reactive kernel: requests on its control channel, events and marked outputs from iopub.
 *
 * Decides whether a kernel is reactive; knows nothing about notebooks. Requests are answered while a cell runs.
 */
import type { Kernel } from '@jupyterlab/services';
import { KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { MessageHooks } from './hooks';
import type { ReactiveEvent, StateReply } from './model';
import { EVENT, FEATURE, REQUEST, type OutputMark } from './protocol';

/** An iopub message that belongs to a cell of a cascade. */
export interface MarkedMessage {
  readonly message: KernelMessage.IIOPubMessage;
  readonly mark: OutputMark;
}

/** The kernel refused a request, or could not answer it. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string
  ) {
    super(message);
  }
}

export class Connection implements IDisposable {
  constructor(readonly kernel: Kernel.IKernelConnection) {
    this.hooks = new MessageHooks(kernel);
    kernel.iopubMessage.connect(this._onMessage, this);
    kernel.disposed.connect(this.dispose, this);
  }

  /** Whether the kernel says that it is reactive; answered only when its shell is free. */
  static async isReactive(kernel: Kernel.IKernelConnection): Promise<boolean> {
    const info = (await kernel.info) as { supported_features?: string[] };
    return info.supported_features?.includes(FEATURE) ?? false;
  }

  /** Whether its specification promises a reactive kernel; known even while the kernel is busy. */
  static async looksReactive(kernel: Kernel.IKernelConnection): Promise<boolean> {
    const spec = await kernel.spec;
    return spec?.argv?.includes('reactive_kernel') ?? false;
  }

  get events(): ISignal<this, ReactiveEvent> {
    return this._events;
  }

  get outputs(): ISignal<this, MarkedMessage> {
    return this._outputs;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.hooks.dispose();
      Signal.clearData(this);
    }
  }

  /** Send one request; the promise is rejected when the kernel refuses it or goes away. */
  async request<T = StateReply>(command: string, args: object): Promise<T> {
    // A type of our own: Lab's types know only their own.
    const message = KernelMessage.createMessage({
      msgType: REQUEST,
      channel: 'control',
      username: this.kernel.username,
      session: this.kernel.clientId,
      content: { command, arguments: args }
    } as never) as unknown as KernelMessage.IControlMessage;
    const future = this.kernel.sendControlMessage(message, true, false);
    try {
      return await new Promise<T>((resolve, reject) => {
        future.onReply = reply => {
          const content = reply.content as { status: string; ename?: string; evalue?: string };
          if (content.status === 'ok') {
            resolve(content as T);
          } else {
            reject(new RequestError(content.ename ?? 'error', content.evalue ?? 'the kernel refused'));
          }
        };
        future.done.catch(reject);
      });
    } finally {
      future.dispose();
    }
  }

  /**
   * A cell is about to be run, and with Run All others at once: the kernel's cascade is to wait for their requests,
   * which a slow page sends more slowly than the kernel runs the first cell.
   */
  sending(): void {
    this._requests += 1;
    if (this._requests > 1) {
      return;
    }
    const ignored = () => undefined; // an older kernel doesn't know it, and goes by the pace
    this.request('sending', {}).catch(ignored);
    // All cells of a Run All are sent in one go, without giving way.
    queueMicrotask(() => {
      this.request('sending', { requests: this._requests }).catch(ignored);
      this._requests = 0;
    });
  }

  private _onMessage(_: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if ((message.header.msg_type as string) === EVENT) {
      this._events.emit(message.content as unknown as ReactiveEvent);
      return;
    }
    const mark = (message.metadata as { reactive?: OutputMark }).reactive;
    if (mark?.cell_id !== undefined) {
      this._outputs.emit({ message, mark });
    }
  }

  /** Who else wants the messages of a request. */
  readonly hooks: MessageHooks;
  private _isDisposed = false;
  private _requests = 0;
  private _events = new Signal<this, ReactiveEvent>(this);
  private _outputs = new Signal<this, MarkedMessage>(this);
}
