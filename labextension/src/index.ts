/** The plugin: hands JupyterLab's services to the parts. No logic. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';

import { addCommands } from './commands';
import { PanelMarks } from './marks';
import { addMenu } from './menu';
import { showNotices } from './notice';
import { PANEL_ID, ReactivePanel } from './panel';
import { Sessions } from './sessions';
import { PLUGIN_ID, Settings, startMode } from './settings';
import { StatusLine } from './status';
import { ReactiveToolbar } from './toolbar';

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Shows the flow of a reactive notebook: marks, cascaded outputs, graph, variables.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ISettingRegistry, IToolbarWidgetRegistry, ICommandPalette, IStatusBar, IMainMenu],
  activate
};

function activate(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  registry: ISettingRegistry | null,
  toolbars: IToolbarWidgetRegistry | null,
  palette: ICommandPalette | null,
  statusBar: IStatusBar | null,
  mainMenu: IMainMenu | null
): void {
  const settings = new Settings();
  const sessions = new Sessions(tracker, (view, session) => {
    const marks = new PanelMarks(view, session, settings);
    settings.changed.connect(() => marks.refresh());
    showNotices(view, session, settings);
    startMode(session, settings);
  });
  const panel = addPanel(app, sessions);
  addCommands(app.commands, sessions, palette, panel);
  toolbars?.addFactory<NotebookPanel>(
    'Notebook',
    'reactive',
    view => {
      const session = sessions.of(view);
      const status = statusBar === null ? new StatusLine(() => session.state, panel) : null;
      return new ReactiveToolbar(view, session, app.commands, status);
    }
  );
  if (statusBar !== null) {
    addStatus(statusBar, sessions, panel);
  }
  if (mainMenu !== null) {
    addMenu(mainMenu, app.commands, sessions);
  }
  if (registry !== null) {
    settings.load(registry).catch(error => console.warn('reactive-kernel: default settings are used.', error));
  }
}

/** The panel comes with the first reactive notebook. Returns how to show it. */
function addPanel(app: JupyterFrontEnd, sessions: Sessions): () => void {
  const panel = new ReactivePanel(sessions);
  const add = () => {
    if (sessions.current !== null && !panel.isAttached) {
      app.shell.add(panel, 'right', { rank: 650, activate: false });
    }
  };
  sessions.changed.connect(add);
  return () => {
    app.shell.activateById(PANEL_ID);
    panel.reveal();
  };
}

function addStatus(statusBar: IStatusBar, sessions: Sessions, open: () => void): void {
  const item = new StatusLine(() => sessions.current?.session.state ?? null, open);
  sessions.changed.connect(() => item.refresh());
  statusBar.registerStatusItem(PLUGIN_ID, {
    item,
    align: 'left',
    rank: 30,
    isActive: () => sessions.current !== null,
    activeStateChanged: sessions.currentChanged
  });
}

export default plugin;
