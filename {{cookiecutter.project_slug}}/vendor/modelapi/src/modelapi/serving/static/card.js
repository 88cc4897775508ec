// The model card as a second view of the page, where a link does not lead to it.

import { $ } from "./dom.js";

let read = null;
let guard = null;

// `read` gives the card as HTML; `attempt` says what is wrong if it cannot.
export function offerCard(readCard, attempt) {
  [read, guard] = [readCard, attempt];
  $("card").href = "#model-card";
  $("to-try").href = "#";
  addEventListener("hashchange", show);
  show();
}

function show() {
  const isCard = location.hash === "#model-card";
  document.body.classList.toggle("of-card", isCard);
  $("work").hidden = isCard;
  $("model-card").hidden = !isCard;
  for (const [id, is] of [["to-try", !isCard], ["card", isCard]]) {
    if (is) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
  if (isCard && !$("model-card").srcdoc) {
    guard(async () => {
      $("model-card").srcdoc = await read();
    });
  }
}
