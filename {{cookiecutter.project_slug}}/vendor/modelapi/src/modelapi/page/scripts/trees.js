// The operator of trees: the sum, of all trees, of the leaves that a row reaches.

import { blank, unpack } from "./tensors.js";

const LESS_OR_EQUAL = 0;
const SUM = 1;

export function treeEnsemble(attributes) {
  const { tree_roots: roots, nodes_featureids: features, n_targets: width } = attributes;
  const modes = unpack({ ...attributes.nodes_modes, kind: 7 }).data;
  if (attributes.aggregate_function !== SUM || modes.some((mode) => mode !== LESS_OR_EQUAL)) throw new Error("it knows trees of other questions not");
  const splits = unpack(attributes.nodes_splits).data;
  const weights = unpack(attributes.leaf_weights).data;
  const targets = attributes.leaf_targetids;
  const tracks = attributes.nodes_missing_value_tracks_true ?? features.map(() => 0);
  // A leaf is below zero: -1 is the first.
  const below = (numbers, areLeaves) => Int32Array.from(numbers, (number, node) => (areLeaves[node] ? -1 - number : number));
  const yes = below(attributes.nodes_truenodeids, attributes.nodes_trueleafs);
  const no = below(attributes.nodes_falsenodeids, attributes.nodes_falseleafs);
  return ({ type, shape: [n_rows, n_columns], data }) => {
    const sums = blank(type, [n_rows, width]);
    const total = new Float64Array(width);
    for (let row = 0; row < n_rows; row++) {
      total.fill(0);
      for (const root of roots) {
        let node = root;
        while (node >= 0) {
          const value = data[row * n_columns + features[node]];
          node = value <= splits[node] || (value !== value && tracks[node]) ? yes[node] : no[node];
        }
        total[targets[-1 - node]] += weights[-1 - node];
      }
      sums.data.set(total, row * width);
    }
    return sums;
  };
}
