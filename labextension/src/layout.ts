/** Places the cells of a notebook as a layered graph, by dagre. Pure; runs in a worker when the notebook is large. */
import * as dagre from '@dagrejs/dagre';

export interface LayoutInput {
  readonly nodes: readonly { readonly id: string; readonly width: number; readonly height: number }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** The middle of each node. */
  readonly nodes: Readonly<Record<string, Point>>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly points: readonly Point[] }[];
  readonly width: number;
  readonly height: number;
}

/** How many cells without any edge stand in one row. */
const LOOSE_PER_ROW = 3;
const GAP = 8;

/** Connected cells in layers from top to bottom; below them, in rows, the cells that nothing connects. */
export function place(input: LayoutInput): Layout {
  const linked = new Set(input.edges.flatMap(edge => [edge.from, edge.to]));
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: 'TB',
    nodesep: GAP,
    edgesep: GAP / 2,
    ranksep: 26,
    marginx: GAP,
    marginy: GAP,
    ranker: 'tight-tree'
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of input.nodes) {
    if (linked.has(node.id)) {
      graph.setNode(node.id, { width: node.width, height: node.height });
    }
  }
  for (const edge of input.edges) {
    if (edge.from !== edge.to && graph.hasNode(edge.from) && graph.hasNode(edge.to)) {
      graph.setEdge(edge.from, edge.to);
    }
  }
  const nodes: Record<string, Point> = {};
  let width = 0;
  let height = 0;
  if (graph.nodeCount() > 0) {
    dagre.layout(graph);
    for (const id of graph.nodes()) {
      const { x, y } = graph.node(id) as Point;
      nodes[id] = { x, y };
    }
    const size = graph.graph() as { width: number; height: number };
    width = size.width;
    height = size.height;
  }
  const edges = graph.edges().map(edge => ({
    from: edge.v,
    to: edge.w,
    points: (graph.edge(edge) as { points: Point[] }).points.map(({ x, y }) => ({ x, y }))
  }));
  // Bends of edges may lie outside of what dagre gives as the size.
  for (const { x } of edges.flatMap(edge => edge.points)) {
    width = Math.max(width, x + GAP);
  }
  input.nodes
    .filter(node => !linked.has(node.id))
    .forEach((node, index) => {
      const column = index % LOOSE_PER_ROW;
      const row = Math.floor(index / LOOSE_PER_ROW);
      const x = GAP + node.width / 2 + column * (node.width + GAP);
      const y = Math.max(height, GAP) + node.height / 2 + row * (node.height + GAP);
      nodes[node.id] = { x, y };
      width = Math.max(width, x + node.width / 2 + GAP);
    });
  for (const node of input.nodes) {
    height = Math.max(height, nodes[node.id].y + node.height / 2 + GAP);
  }
  return { nodes, edges, width, height };
}
