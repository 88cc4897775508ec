"use strict";

// ReDoc calculates with colours, so it gets those of style.css as they are at the moment.
function theme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = color("text");
  const text = { primary: color("ink"), secondary: color("soft") };
  const border = { dark: color("line"), light: color("line") };
  const heading = { fontFamily: font, fontWeight: "700" };
  return {
    colors: { primary: { main: color("accent") }, text, border, success: { main: color("for") }, error: { main: color("wrong") } },
    typography: {
      fontFamily: font,
      fontSize: "16px",
      headings: heading,
      code: { fontFamily: color("code"), color: color("ink"), backgroundColor: color("sunken") },
      links: { color: color("accent"), visited: color("accent"), hover: color("accent") },
    },
    schema: { linesColor: color("edge"), typeNameColor: color("soft"), typeTitleColor: color("soft"), requireLabelColor: color("wrong"), nestedBackground: color("sunken"), arrow: { color: color("soft") } },
    sidebar: { backgroundColor: color("page"), textColor: color("ink"), activeTextColor: color("accent"), arrow: { color: color("soft") } },
    rightPanel: { backgroundColor: color("panel"), textColor: color("on-panel") },
    codeBlock: { backgroundColor: color("code-block") },
  };
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => Redoc.init("openapi.json", { theme: theme(), disableSearch: true, hideDownloadButton: false }, document.getElementById("redoc"));
dark.addEventListener("change", show);
show();
