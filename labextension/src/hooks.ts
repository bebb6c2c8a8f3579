/**
 * Catches the outputs of an Output widget in a cell that the page did not run itself.
 *
 * Such a widget asks the kernel connection for the messages of one request; the connection knows only requests of this
 * page, and forgets the wish. It is remembered here, and kept when the cascade's messages come.
 */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

type Hook = (message: KernelMessage.IIOPubMessage) => boolean | PromiseLike<boolean>;

export class MessageHooks implements IDisposable {
  constructor(private readonly _kernel: Kernel.IKernelConnection) {
    const register = _kernel.registerMessageHook.bind(_kernel);
    const remove = _kernel.removeMessageHook.bind(_kernel);
    _kernel.registerMessageHook = (id, hook) => {
      this._hooks.set(id, [...(this._hooks.get(id) ?? []), hook]);
      register(id, hook);
    };
    _kernel.removeMessageHook = (id, hook) => {
      const left = (this._hooks.get(id) ?? []).filter(other => other !== hook);
      if (left.length > 0) {
        this._hooks.set(id, left);
      } else {
        this._hooks.delete(id);
      }
      remove(id, hook);
    };
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._hooks.clear();
      // What was put over the connection's own methods, which are its class's.
      delete (this._kernel as Partial<Kernel.IKernelConnection>).registerMessageHook;
      delete (this._kernel as Partial<Kernel.IKernelConnection>).removeMessageHook;
    }
  }

  /** Give a message to the latest of its request's hooks; whether that keeps it. */
  take(message: KernelMessage.IIOPubMessage): boolean {
    const id = (message.parent_header as Partial<KernelMessage.IHeader>).msg_id ?? '';
    const hook = this._hooks.get(id)?.slice(-1)[0];
    return hook !== undefined && hook(message) === false;
  }

  private readonly _hooks = new Map<string, Hook[]>();
  private _isDisposed = false;
}
