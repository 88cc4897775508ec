// Shapley values: what each feature of a record adds to what the model says of it, against rows of a background.

const MAX_ROWS = 2_000; // Of a call of the model, after which the page may do something else.

export class Explainer {
  #columns;
  #names;
  #rows;
  #places;

  // The columns of the background, and the places of the features in the orders that are drawn for each of its rows,
  // by pair: null if all coalitions of features are asked for.
  constructor({ columns, places }) {
    this.#columns = columns;
    this.#names = Object.keys(columns);
    this.#rows = range(Object.values(columns)[0].length);
    this.#places = places;
  }

  // What is said of a record, columns of one row, as numbers: {baseline, contributions, error} for each of them. The
  // model is asked for columns, and answers a list of numbers for each row.
  async explain(ask, record) {
    const [said] = await ask(record);
    return this.#places ? this.#ofSome(ask, record, said) : this.#ofAll(ask, record, said);
  }

  async #ofAll(ask, record, said) {
    const n_features = this.#names.length;
    const n_rows = this.#rows.length;
    const values = [];
    for (const part of parts(range(2 ** n_features - 1), n_rows)) {
      const answered = await ask(this.#mixed(record, part.flatMap((coalition) => this.#rows.map((row) => ({ row, isKnown: (place) => (coalition >> place) & 1 })))));
      for (const place of part.keys()) values.push(mean(answered.slice(place * n_rows, (place + 1) * n_rows)));
    }
    values.push(said); // Of all features: the record itself.
    const sizes = values.map((_, coalition) => range(n_features).reduce((size, place) => size + ((coalition >> place) & 1), 0));
    const weight = (coalition, place) => ((coalition >> place) & 1 ? 1 / ways(n_features, sizes[coalition] - 1) : -1 / ways(n_features, sizes[coalition]));
    return said.map((_, number) => ({
      baseline: values[0][number],
      contributions: this.#named((place) => values.reduce((sum, value, coalition) => sum + weight(coalition, place) * value[number], 0)),
    }));
  }

  // Turn each row of the background into the record, feature by feature in some orders and their reverses.
  async #ofSome(ask, record, said) {
    const n_features = this.#names.length;
    const n_pairs = this.#places[0].length;
    const steps = range(n_features - 1);
    const starts = await ask(this.#mixed(record, this.#rows.map((row) => ({ row, isKnown: () => false }))));
    const sums = this.#names.map(() => said.map(() => ({ gain: 0, variance: 0 })));
    for (const part of parts(this.#rows, 2 * n_pairs * steps.length)) {
      const orders = part.flatMap((row) => this.#places[row].flatMap((places) => [places, places.map((place) => n_features - 1 - place)].map((order) => ({ row, order }))));
      const asked = orders.flatMap(({ row, order }) => steps.map((step) => ({ row, isKnown: (place) => order[place] <= step })));
      const between = await ask(this.#mixed(record, asked));
      const paths = orders.map(({ row }, place) => [starts[row], ...between.slice(place * steps.length, (place + 1) * steps.length), said]);
      for (const first of part.keys()) {
        const own = range(n_pairs).map((pair) => 2 * (first * n_pairs + pair)); // Each with its reverse behind it.
        for (const [place, of] of sums.entries()) {
          for (const [number, sum] of of.entries()) {
            const gain = (path) => paths[path][orders[path].order[place] + 1][number] - paths[path][orders[path].order[place]][number];
            const gains = own.map((path) => (gain(path) + gain(path + 1)) / 2);
            const middle = total(gains) / n_pairs;
            sum.gain += middle;
            sum.variance += total(gains.map((one) => (one - middle) ** 2)) / (n_pairs - 1) / n_pairs;
          }
        }
      }
    }
    const n_rows = this.#rows.length;
    return said.map((_, number) => ({
      baseline: mean(starts)[number],
      error: Math.sqrt(Math.max(...sums.map((of) => of[number].variance))) / n_rows,
      contributions: this.#named((place) => sums[place][number].gain / n_rows),
    }));
  }

  // Rows of the background, in which the known features are the record's.
  #mixed(record, asked) {
    return Object.fromEntries(
      this.#names.map((name, place) => [name, asked.map(({ row, isKnown }) => (isKnown(place) ? record[name][0] : this.#columns[name][row]))])
    );
  }

  #named(valueOf) {
    return Object.fromEntries(this.#names.map((name, place) => [name, valueOf(place)]));
  }
}

const range = (length) => Array.from({ length }, (_, place) => place);
const total = (values) => values.reduce((sum, value) => sum + value, 0);
const mean = (rows) => rows[0].map((_, number) => total(rows.map((row) => row[number])) / rows.length);

// n times the number of coalitions of so many of the n - 1 others.
function ways(n, size) {
  return range(size).reduce((count, place) => (count * (n - 1 - place)) / (place + 1), n);
}

function* parts(values, n_rows) {
  const size = Math.max(1, Math.floor(MAX_ROWS / n_rows));
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size);
}
