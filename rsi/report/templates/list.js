/* The list of images: sort and filter. */
const images = byId("images");
const cards = Array.from(images.children, (element) => ({
  element,
  button: element.querySelector("button"),
  values: JSON.parse(element.dataset.values),
}));
for (const card of cards) {
  const { file, notes, parameters, degradation } = card.values;
  card.text = [file, notes, parameters, degradation].join("\n").toLowerCase();
}
let shown = cards;

const collator = new Intl.Collator("en", { numeric: true });
const isMissing = (value) => value === null || value === "";

function order(key, direction) {
  return (a, b) => {
    const [left, right] = [a.values[key], b.values[key]];
    if (isMissing(left) || isMissing(right)) return isMissing(left) - isMissing(right);
    if (typeof left === "number" && typeof right === "number") return direction * (left - right);
    return direction * collator.compare(left, right);
  };
}

function fits(card) {
  const status = byId("status").value;
  return (!status || card.values.status === status) && card.text.includes(byId("filter").value.trim().toLowerCase());
}

function tellFact(card, measure) {
  const value = card.values[measure];
  card.element.querySelector(".fact").textContent = isMissing(value) ? "" : `${measure} ${value}`;
}

/* One image is in the tab order; the arrow keys move to the others. */
function enterAt(card) {
  for (const other of cards) other.button.tabIndex = other === card ? 0 : -1;
}

function update() {
  const key = byId("sort").value;
  const direction = byId("direction").getAttribute("aria-pressed") === "true" ? -1 : 1;
  const measure = ["file", "status"].includes(key) ? "fidelity" : key;
  const sorted = cards.toSorted(order("file", 1)).sort(order(key, direction));
  shown = sorted.filter(fits);
  const kept = new Set(shown);
  for (const card of sorted) {
    card.element.hidden = !kept.has(card);
    tellFact(card, measure);
  }
  images.append(...sorted.map((card) => card.element));
  enterAt(shown[0]);
  byId("count").textContent = `${shown.length} of ${cards.length} images`;
  byId("nothing").hidden = shown.length > 0;
}

for (const id of ["sort", "status", "filter"]) byId(id).addEventListener("input", update);
byId("direction").addEventListener("click", ({ target }) => {
  target.setAttribute("aria-pressed", String(target.getAttribute("aria-pressed") !== "true"));
  update();
});
update();
