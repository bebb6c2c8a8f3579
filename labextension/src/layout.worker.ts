/** Answers each layout input with its layout, away from the page's own thread. */
import { place, type LayoutInput } from './layout';

self.addEventListener('message', event => {
  const { id, input } = (event as MessageEvent<{ id: number; input: LayoutInput }>).data;
  self.postMessage({ id, layout: place(input) });
});
