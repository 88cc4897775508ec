// In what the model of an API differs from the one that a client was made for, in the words of the Python client.

/**
 * Say in what the signature of the model that is served differs from our own: {text, isHarmless}, one by one.
 *
 * It is harmless to take what was not taken before: a feature that may be left out, a gap, a category.
 */
export function compare(own, theirs) {
  return [...features(own.features, theirs.features), ...targets(own, theirs)];
}

const breaking = (text) => ({ text, isHarmless: false });
const harmless = (text) => ({ text, isHarmless: true });
const find = (parts, { name }) => parts.find((part) => part.name === name);

function* features(own, theirs) {
  for (const feature of own) {
    const other = find(theirs, feature);
    if (other) yield* ofFeature(feature, other);
    else yield breaking(`feature "${feature.name}" is not taken any more`);
  }
  for (const { name, nullable } of theirs.filter((feature) => !find(own, feature))) {
    if (nullable) yield harmless(`feature "${name}" may be given, which this client does not know`);
    else yield breaking(`feature "${name}" is asked for, which this client does not know`);
  }
}

function* ofFeature(own, theirs) {
  const what = `feature "${own.name}"`;
  if (own.type !== theirs.type) {
    yield breaking(`${what} is of type ${theirs.type} and not ${own.type}`);
    return;
  }
  if (own.nullable && !theirs.nullable) yield breaking(`${what} may not be missing any more`);
  if (!own.nullable && theirs.nullable) yield harmless(`${what} may be missing now`);
  if (own.categories && theirs.categories) yield* values(what, "categories", own, theirs, harmless);
}

function* targets(own, theirs) {
  if (own.task !== theirs.task) yield breaking(`the task is ${theirs.task} and not ${own.task}`);
  const [ours, others] = [own, theirs].map(({ target }) => target.outputs ?? [target]);
  const [names, otherNames] = [ours, others].map((all) => listed(all.map(({ name }) => name), Infinity));
  if (names !== otherNames) {
    yield breaking(`what is predicted is ${otherNames} and not ${names}`);
    return;
  }
  for (const target of ours) {
    const other = find(others, target);
    const what = `target "${target.name}"`;
    if (target.type !== other.type) yield breaking(`${what} is of type ${other.type} and not ${target.type}`);
    else yield* values(what, "classes", target, other, breaking);
  }
  for (const [member, called] of Object.entries({ probabilities: "", scores: "", explains: "explanations" })) {
    if (own[member] && !theirs[member]) yield breaking(`the model gives no ${called || member} any more`);
  }
}

function* values(what, kind, own, theirs, sayNew) {
  const [ours, others] = [own[kind] ?? [], theirs[kind] ?? []];
  const lost = ours.filter((value) => !others.includes(value));
  const added = others.filter((value) => !ours.includes(value));
  if (lost.length > 0) yield breaking(`${what} has the ${kind} ${listed(lost)} no more`);
  if (added.length > 0) yield sayNew(`${what} has new ${kind}: ${listed(added)}`);
}

function listed(all, most = 10) {
  const shown = all.slice(0, most).map((value) => (typeof value === "string" ? `"${value}"` : String(value)));
  return shown.join(", ") + (all.length > most ? ` and ${all.length - most} more` : "");
}
