// Starts the page with the model that is in this file.

import { $ } from "./dom.js";
import { LocalApi, unfold } from "./local.js";
import { start } from "./page.js";

const model = await unfold($("model").textContent);
$("model-card").srcdoc = model.card;

// The card is a second view of this page, with a head of its own.
function show() {
  const isCard = location.hash === "#model-card";
  document.body.classList.toggle("of-card", isCard);
  $("try").hidden = isCard;
  $("model-card").hidden = !isCard;
  for (const [id, is] of [["to-try", !isCard], ["card", isCard]]) {
    if (is) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
}

addEventListener("hashchange", show);
show();
start(new LocalApi(model));
