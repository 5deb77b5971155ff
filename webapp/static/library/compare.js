// Two versions on two diagrams: what is new, gone and changed is coloured on both, and moves together when looked at.
const differences = [...document.querySelectorAll(".differences > li")];
const viewers = {};

const draw = async (frame) => {
  const viewer = new window.BpmnJS({ container: frame });
  await viewer.importXML(await fetch(frame.dataset.compared).then((answer) => answer.text()));
  const [canvas, registry] = [viewer.get("canvas"), viewer.get("elementRegistry")];
  canvas.zoom("fit-viewport", "auto");
  for (const row of differences) {
    const kind = ["is-added", "is-removed", "is-changed"].find((each) => row.classList.contains(each));
    const id = frame.dataset.side === "before" ? row.dataset.before ?? row.dataset.id : row.dataset.id;
    const isHere = kind === "is-changed" || kind === (frame.dataset.side === "before" ? "is-removed" : "is-added");
    if (isHere && registry.get(id)) canvas.addMarker(id, kind);
  }
  viewers[frame.dataset.side] = viewer;
  frame.dataset.ready = "true";
};

if (window.BpmnJS) for (const frame of document.querySelectorAll("[data-compared]")) draw(frame).catch((problem) => { frame.hidden = true; console.warn("the diagram could not be drawn:", problem.message); });
