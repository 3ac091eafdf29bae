/* The keyboard. Buttons, fields and the slider keep their own keys. */
const help = byId("help");
const columns = () => getComputedStyle(images).gridTemplateColumns.split(" ").length;
const moves = {
  ArrowLeft: (index) => index - 1,
  ArrowRight: (index) => index + 1,
  ArrowUp: (index) => index - columns(),
  ArrowDown: (index) => index + columns(),
  Home: () => 0,
  End: () => shown.length - 1,
};

function walkList(event) {
  const from = shown.findIndex((card) => card.button === event.target);
  const goal = from < 0 ? undefined : shown[moves[event.key](from)];
  if (!goal) return;
  event.preventDefault();
  enterAt(goal);
  goal.button.focus();
}

function walkViewer(event) {
  if (event.key === "ArrowUp" || event.key === "ArrowDown") return;
  event.preventDefault();
  const index = shown.indexOf(current);
  show(shown[(moves[event.key](index) + shown.length) % shown.length]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (event.key === "?" && !help.open) help.showModal();
  else if (help.open || !(event.key in moves || event.key === "/")) return;
  else if (viewer.open && event.key in moves) walkViewer(event);
  else if (event.key in moves) walkList(event);
  else if (!viewer.open) {
    event.preventDefault();
    byId("filter").focus();
  }
});
byId("help-button").addEventListener("click", () => help.showModal());
byId("help-close").addEventListener("click", () => help.close());
