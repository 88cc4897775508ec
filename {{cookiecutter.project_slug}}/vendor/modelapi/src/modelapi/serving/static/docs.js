import { keptKey } from "./key.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Swagger UI leaves some fields and a button without a name for screen readers, and code that scrolls to who has a mouse.
function nameParts() {
  for (const field of document.querySelectorAll("#swagger-ui :is(select, textarea, input):not([aria-label], [id])")) {
    const parameter = field.closest("tr")?.dataset.paramName;
    field.setAttribute("aria-label", parameter ?? (field.localName === "textarea" ? "Request body" : "Example"));
  }
  document.querySelector("#swagger-ui .close-modal:not([aria-label])")?.setAttribute("aria-label", "Close");
  for (const code of document.querySelectorAll("#swagger-ui pre.microlight")) code.tabIndex = 0;
}
new MutationObserver(nameParts).observe(document.body, { childList: true, subtree: true });

const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: false, // Its links stand within buttons, where screen readers cannot follow them.
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => keptKey() && ui.preauthorizeApiKey("bearer", keptKey()),
});
