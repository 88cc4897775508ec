// A graph in ONNX's operators, node by node in the order in which it lists them.

import { OPERATORS } from "./operators.js";
import { unpack } from "./tensors.js";

export class Graph {
  #constants;
  #nodes;

  constructor({ constants, nodes }) {
    this.#constants = Object.entries(constants).map(([name, constant]) => [name, unpack(constant)]);
    this.#nodes = nodes.map(({ operator, inputs, outputs, attributes }) => {
      const make = OPERATORS[operator];
      if (!make) throw new Error(`the operator ${operator} is not known to it`);
      return { calculate: make(attributes), inputs, outputs };
    });
  }

  // The tensors by name, all of them, of inputs by name.
  run(feeds) {
    const values = new Map([...this.#constants, ...Object.entries(feeds)]);
    for (const { calculate, inputs, outputs } of this.#nodes) {
      const made = calculate(...inputs.map((name) => values.get(name)));
      for (const [place, one] of (Array.isArray(made) ? made : [made]).entries()) values.set(outputs[place], one);
    }
    return values;
  }
}
