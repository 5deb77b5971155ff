// A version's page: what was found is pinned on the diagram, a pin leads to its sentence and a sentence to its element.
import { makePlayer } from "../designer/player.js";

document.documentElement.dataset.designer = "yes"; // what only scripts can do is shown
const GRAVEST = ["error", "question", "warning", "info"];
const frame = document.querySelector("[data-diagram]");
const rows = [...document.querySelectorAll("[data-findings] [data-at]")];

const light = (id) => {
  for (const each of document.querySelectorAll(".finding, .question")) each.classList.remove("is-at");
  for (const each of rows) if (each.dataset.at === id) each.classList.add("is-at");
  const registry = frame?.viewer?.get("elementRegistry");
  if (!registry) return;
  const canvas = frame.viewer.get("canvas");
  for (const each of registry.getAll()) canvas.removeMarker(each.id, "is-found");
  if (registry.get(id)) { canvas.addMarker(id, "is-found"); canvas.scrollToElement(id, 80); }
};

const pin = (viewer) => {
  const [registry, overlays] = [viewer.get("elementRegistry"), viewer.get("overlays")];
  for (const id of new Set(rows.map((row) => row.dataset.at))) {
    const element = registry.get(id);
    if (!element) continue;
    const mine = rows.filter((row) => row.dataset.at === id);
    const weight = GRAVEST.find((each) => mine.some((row) => row.dataset.weight === each));
    // on a phone a pin is too small for a finger: there the list alone leads to the elements
    const isPointed = matchMedia("(min-width: 768px)").matches;
    const button = document.createElement(isPointed ? "button" : "span");
    if (isPointed) button.type = "button";
    else button.setAttribute("role", "img");
    button.className = `pin pin-${weight}`;
    button.textContent = mine.length > 1 ? `${mine[0].dataset.number}+` : mine[0].dataset.number;
    button.setAttribute("aria-label", mine.map((row) => row.querySelector("p").textContent).join(" "));
    button.addEventListener("click", () => {
      light(id);
      mine[0].scrollIntoView({ block: "nearest" });
    });
    overlays.add(element, "finding", { position: element.waypoints ? { top: 0, left: 0 } : { top: -12, left: -12 }, html: button });
  }
};

if (frame) {
  const ready = (viewer) => { frame.viewer = viewer; pin(viewer); };
  frame.addEventListener("diagram-ready", ({ detail }) => ready(detail));
  if (frame.viewer) ready(frame.viewer);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-element]");
  if (!link || !frame?.viewer?.get("elementRegistry").get(link.dataset.element)) return;
  event.preventDefault();
  light(link.dataset.element);
  frame.scrollIntoView({ block: "nearest" });
});

// who types a value of their own means it
for (const field of document.querySelectorAll("[data-own]")) {
  field.addEventListener("input", () => {
    const choice = document.querySelector(`input[name="how-${field.dataset.own}"][value="own"]`);
    if (choice && field.value) choice.checked = true;
  });
}

// a counter-example is played on the diagram
const place = document.getElementById("player");
if (place && window.BpmnJS) {
  let source = "";
  for (const button of document.querySelectorAll("[data-play]")) {
    button.addEventListener("click", async () => {
      source ||= await fetch(place.dataset.source).then((answer) => answer.text());
      makePlayer(place, () => source, () => fetch(button.dataset.play).then((answer) => answer.json()));
      place.querySelector('[data-key="run"]').click();
      place.scrollIntoView({ block: "nearest" });
    });
  }
}
