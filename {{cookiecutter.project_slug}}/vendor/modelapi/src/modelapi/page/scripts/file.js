// Starts the page with the model that is in this file.

import { $ } from "./dom.js";
import { LocalApi, unfold } from "./local.js";
import { start } from "./page.js";

start(new LocalApi(await unfold($("model").textContent)));
