/* The slider between the target and a view of its restoration. */
function setCut() {
  const share = Number(byId("cut").value);
  byId("frame").style.setProperty("--cut", `${share}%`);
  byId("cut").setAttribute("aria-valuetext", `${Math.round(share)} % target`);
}

function compare(target, view) {
  for (const [id, { caption, picture }] of [["before", target], ["after", view]]) {
    byId(id).src = picture;
    byId(`${id}-caption`).textContent = caption;
  }
}

/* Pixels that are shown larger than they are keep their edges. */
function keepEdges({ target }) {
  target.classList.toggle("pixels", target.naturalWidth < target.clientWidth);
}

for (const id of ["before", "after", "map"]) byId(id).addEventListener("load", keepEdges);
byId("cut").addEventListener("input", setCut);
setCut();
