/* One image with everything that is known of it. */
const viewer = byId("viewer");
let current = null;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function showPath([target, ...path]) {
  const buttons = path.map((view) => {
    const picture = make("img", { src: view.picture, alt: "", decoding: "async" });
    const button = make("button", { type: "button" }, picture, make("span", { textContent: view.caption }));
    button.addEventListener("click", () => choose(view, button));
    return button;
  });

  function choose(view, button) {
    compare(target, view);
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
  }

  byId("path").replaceChildren(...buttons);
  if (path.length) choose(path.at(-1), buttons.at(-1));
  else if (target) compare({ caption: "", picture: "data:," }, target);
}

const meanings = {
  fidelity: "lower is a closer match, 0 a perfect one",
  disagreement: "the mean standard deviation of a pixel over the samples",
};

function showNumbers({ values, links }) {
  const known = Object.entries(values).filter(([, value]) => !isMissing(value));
  const lines = known.map(([name, value]) => {
    const meaning = name in meanings ? [make("span", { className: "meaning", textContent: meanings[name] })] : [];
    return make("div", {}, make("dt", { textContent: name }), make("dd", {}, String(value), ...meaning));
  });
  byId("numbers").replaceChildren(...lines);
  byId("links").replaceChildren(...Object.entries(links).map(([textContent, href]) => make("a", { href, textContent })));
}

function showSample(sample) {
  const { values, views, fidelity_map: map } = sample;
  const failed = values.status !== "restored";
  byId("reason").hidden = !failed;
  byId("reason").textContent = failed ? `${values.status}: ${values.notes || "nothing is known of why"}` : "";
  byId("pictures").hidden = views.length === 0;
  byId("path-section").hidden = views.length < 2;
  byId("frame").classList.toggle("alone", views.length < 2);
  byId("map-section").hidden = !map;
  byId("map").src = map || "data:,";
  byId("map").alt = `Fidelity map of ${values.file}`;
  byId("before").alt = `Target ${values.file}`;
  byId("after").alt = `Restoration of ${values.file}`;
  showPath(views);
  showNumbers(sample);
}

function showSamples(samples) {
  const buttons = samples.map((sample, index) => {
    const picture = make("img", { src: sample.views.at(-1)?.picture ?? "data:,", alt: "", decoding: "async" });
    const label = make("span", { textContent: `sample ${index + 1}` });
    const button = make("button", { type: "button" }, picture, label);
    button.addEventListener("click", () => choose(index));
    return button;
  });

  function choose(index) {
    showSample(samples[index]);
    buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === index)));
  }

  byId("samples").replaceChildren(...buttons);
  byId("samples-section").hidden = samples.length < 2 || samples.every(({ views }) => views.length === 0);
  choose(0);
}

function show(card) {
  current = card;
  const { samples, disagreement } = JSON.parse(card.element.querySelector("script").textContent);
  byId("viewer-name").textContent = card.values.file;
  byId("place").textContent = `${shown.indexOf(card) + 1} of ${shown.length}`;
  byId("spread").hidden = !disagreement;
  byId("disagreement").src = disagreement || "data:,";
  byId("disagreement").alt = `Disagreement of the samples of ${card.values.file}`;
  showSamples(samples);
  if (viewer.open) return;
  viewer.showModal();
  byId("viewer-name").focus();
}

const step = (distance) => show(shown[(shown.indexOf(current) + distance + shown.length) % shown.length]);

for (const card of cards) card.button.addEventListener("click", () => show(card));
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("close", () => {
  enterAt(current);
  current.button.focus();
});
