import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
const plugin: JupyterFrontEndPlugin<void> = { id: 'reactive-kernel-labextension:plugin', autoStart: true, activate: (_app: JupyterFrontEnd) => {console.log('hi');} };
export default plugin;
