// Texts as counts of their words, or of their characters, as scikit-learn's vectorizers make them.

const LETTER = String.raw`[\p{L}\p{N}_]`;
// \b\w\w+\b, where letters of all languages are such.
const WORD = new RegExp(`(?<!${LETTER})${LETTER}${LETTER}+(?!${LETTER})`, "gu");
const BLANK = String.raw`[\s\x1c-\x1f\x85]`;
const BLANKS = new RegExp(`${BLANK}${BLANK}+`, "g");

export function counter({ vocabulary, analyzer, lowercase, strip_accents, stop_words, ngram_range, binary }) {
  const places = new Map(vocabulary.map((word, place) => [word, place]));
  const split = { word: ofWords(new Set(stop_words)), char: ofCharacters, char_wb: ofCharactersInWords }[analyzer];
  const prepare = (text) => {
    const small = lowercase ? text.toLowerCase() : text;
    return strip_accents ? small.normalize("NFKD").replace(/[^\0-\x7f]/g, "") : small;
  };
  return (texts) => {
    const width = vocabulary.length;
    const data = new Float64Array(texts.length * width);
    for (const [row, text] of texts.entries()) {
      for (const word of split(prepare(text), ...ngram_range)) {
        const place = places.get(word);
        if (place !== undefined) data[row * width + place] = binary ? 1 : data[row * width + place] + 1;
      }
    }
    return { type: "double", shape: [texts.length, width], data };
  };
}

function* slices(tokens, low, high, glue) {
  for (let size = low; size <= Math.min(high, tokens.length); size++) {
    for (let start = 0; start + size <= tokens.length; start++) yield tokens.slice(start, start + size).join(glue);
  }
}

const ofWords = (stop) => (text, low, high) => slices((text.match(WORD) ?? []).filter((token) => !stop.has(token)), low, high, " ");

const ofCharacters = (text, low, high) => slices([...text.replace(BLANKS, " ")], low, high, "");

function* ofCharactersInWords(text, low, high) {
  for (const word of text.split(new RegExp(`${BLANK}+`)).filter(Boolean)) {
    const padded = [" ", ...word, " "];
    for (let size = low; size <= high; size++) {
      for (let start = 0; start < Math.max(1, padded.length - size + 1); start++) yield padded.slice(start, start + size).join("");
      if (padded.length <= size) break; // A short word is counted once.
    }
  }
}
