"use strict";

/* Light or dark: the system's choice until the button is pressed. */
const byId = (id) => document.getElementById(id);
const root = document.documentElement;

function setDark(dark) {
  root.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
}

setDark(matchMedia("(prefers-color-scheme: dark)").matches);
byId("theme").addEventListener("click", () => setDark(root.dataset.theme !== "dark"));
