// Moves the threshold of a classifier of two classes; without this script the card shows 0.5.
const percent = (share) => {
  const digits = (share > 0 && share < 0.01) || (share > 0.99 && share < 1) ? 1 : 0;
  return `${(100 * share).toFixed(digits)}\u00a0%`;
};

for (const box of document.querySelectorAll(".threshold")) {
  const { name, sizes, at } = JSON.parse(box.dataset.counts);
  const slider = box.querySelector("input");
  const cells = box.parentElement.querySelectorAll("tbody td span");
  const show = () => {
    const [caught, wrong] = at[slider.value];
    const counts = [sizes[0] - wrong, wrong, sizes[1] - caught, caught];
    counts.forEach((count, place) => {
      const size = Math.max(1, sizes[place < 2 ? 0 : 1]);
      cells[place].textContent = count.toLocaleString("en");
      cells[place].className = `shade-${Math.ceil((9 * count) / size)}`;
    });
    box.querySelector("output").textContent = (slider.value / 100).toFixed(2);
    const answered = caught + wrong;
    const precision = `${percent(caught / answered)} of these are`;
    const recall = sizes[1] ? percent(caught / sizes[1]) : "none";
    box.querySelector(".told").textContent = answered
      ? `Answers “${name}” ${answered.toLocaleString("en")} times: ${precision}. Finds ${recall} of all that are.`
      : `Never answers “${name}”.`;
  };
  slider.disabled = false;
  slider.addEventListener("input", show);
}
