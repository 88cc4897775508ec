"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Swagger UI leaves some fields without a name for screen readers.
function nameFields() {
  for (const field of document.querySelectorAll("#swagger-ui :is(select, textarea, input):not([aria-label], [id])")) {
    const parameter = field.closest("tr")?.dataset.paramName;
    field.setAttribute("aria-label", parameter ?? (field.localName === "textarea" ? "Request body" : "Example"));
  }
}
new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: false, // Its links stand within buttons, where screen readers cannot follow them.
  tryItOutEnabled: true,
  validatorUrl: null,
});
