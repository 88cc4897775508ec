// Starts the page with the model that answers at this address.

import { HttpApi } from "./http.js";
import { start } from "./page.js";

start(new HttpApi(new URLSearchParams(location.search).get("model") ?? ""));
