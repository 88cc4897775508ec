// The key of this API, kept for the tab, so that a reload and the other pages need not ask again. No page, address or
// cookie holds it.

const NAME = `key of ${new URL(".", location)}`;

export function keptKey() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return ""; // A frame may have no store.
  }
}

export function keepKey(key) {
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // Then it is kept by this page alone.
  }
}
