// The player: a dry run or a counter-example on the diagram, step by step, with the same steps as a list of sentences.
import { shortName } from "./modeler.js";
import { button, control, h, redraw, say, t } from "./dom.js";

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const SPEEDS = [["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"]];

/** A viewer of its own: what is played cannot be drawn in. */
const makeViewer = (container) => {
  const { _modules: all, _modelingModules: drawing = [] } = window.BpmnJS.prototype;
  return new window.BpmnJS({ container, modules: all.filter((each) => !drawing.includes(each)) });
};

/** The player in `place`; `source` gives the BPMN text, `run` the answer of a dry run. */
export const makePlayer = (place, source, run) => {
  const container = h("div", { class: "diagram", role: "group", "aria-label": t("player") });
  const bar = h("div", { class: "editor-bar" });
  const list = h("ol", { class: "frames", tabindex: "0", "aria-label": t("frames") });
  const result = h("p", { class: "quiet", role: "status" });
  place.replaceChildren(bar, result, h("div", { class: "player" }, container, list));
  let viewer = null;
  let frames = [];
  let at = -1;
  let isPlaying = false;
  let turn = 0;
  let speed = 1;

  const element = (id) => viewer?.get("elementRegistry").get(id);
  const name = (id) => (element(id) ? shortName(element(id), viewer.get("elementRegistry")) : id ?? "");
  const mark = (ids, marker) => { for (const id of ids) if (element(id)) viewer.get("canvas").addMarker(id, marker); };
  const clear = () => {
    for (const each of viewer.get("elementRegistry").getAll()) for (const marker of ["is-token", "is-taken", "is-cancelled"]) viewer.get("canvas").removeMarker(each.id, marker);
    viewer.get("overlays").remove({ type: "token" });
  };

  const sentence = (frame) => {
    const answers = Object.entries(frame.answers).map(([key, value]) => `${key} = ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
    const said = [t(`cause_${frame.cause}`, { name: name(frame.element) }) + (answers ? ` (${answers})` : "")];
    if (frame.cancelled.length) said.push(t("cancelled", { names: frame.cancelled.map(name).join(t("comma")) }));
    said.push(frame.waits.length ? t("waits", { names: [...new Set(frame.waits)].map(name).join(t("comma")) }) : t("waits_none"));
    return said.join(" ");
  };

  const move = async (id) => {
    const line = element(id) && viewer.get("elementRegistry").getGraphics(id)?.querySelector(":scope > .djs-visual > path");
    if (!line || calm() || document.hidden) return;
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("r", "7");
    dot.classList.add("moving-token");
    viewer.get("canvas").getLayer("tokens").append(dot);
    const length = line.getTotalLength();
    const lasts = 450 / speed;
    await new Promise((done) => {
      const began = performance.now();
      const tick = (now) => {
        const part = Math.min(1, (now - began) / lasts);
        const point = line.getPointAtLength(length * part);
        dot.setAttribute("cx", point.x);
        dot.setAttribute("cy", point.y);
        if (part < 1) requestAnimationFrame(tick); else done();
      };
      requestAnimationFrame(tick);
    });
    dot.remove();
  };

  const show = async (to, isMoving = false) => {
    at = Math.max(-1, Math.min(frames.length - 1, to));
    clear();
    for (const [n, row] of [...list.children].entries()) {
      if (n === at) { row.setAttribute("aria-current", "step"); row.scrollIntoView({ block: "nearest", behavior: "instant" }); } else row.removeAttribute("aria-current");
    }
    const frame = frames[at];
    if (frame) {
      mark(frame.flows, "is-taken");
      if (isMoving) for (const flow of frame.flows) await move(flow);
      if (frames[at] !== frame) return;
      mark(frame.cancelled, "is-cancelled");
      mark(frame.waits, "is-token");
      for (const id of new Set(frame.waits)) {
        const here = element(id);
        if (here) viewer.get("overlays").add(id, "token", { position: here.waypoints ? { top: 0, left: 0 } : { top: -14, right: 14 }, html: h("div", { class: "token" }, String(frame.waits.filter((each) => each === id).length)) });
      }
      if (!isPlaying) say(sentence(frame));
    }
    controls();
  };

  const stop = () => { isPlaying = false; turn += 1; controls(); };
  const play = async () => {
    if (at >= frames.length - 1) await show(-1);
    isPlaying = true;
    const mine = (turn += 1);
    controls();
    while (turn === mine && at < frames.length - 1) {
      await show(at + 1, true);
      await new Promise((done) => setTimeout(done, 700 / speed));
    }
    if (turn === mine) stop();
  };

  const controls = () => redraw(bar,
    button(t("run"), start, { class: "btn btn-primary", "data-key": "run" }),
    frames.length ? [
      button(isPlaying ? t("pause") : t("play"), () => (isPlaying ? stop() : play()), { "data-key": "play" }),
      button(t("back"), () => { stop(); show(at - 1); }, { "data-key": "back" }),
      button(t("forward"), () => { stop(); show(at + 1, true); }, { "data-key": "forward" }),
      control({ key: "speed", label: t("speed"), type: "pick", required: true, value: String(speed), options: SPEEDS, change: (value) => { speed = Number(value); } }),
      h("span", { class: "quiet" }, t("step_of", { at: at + 1, all: frames.length })),
    ] : null);

  const begin = async (next) => {
    stop();
    viewer?.destroy();
    container.classList.add("is-open");
    viewer = makeViewer(container);
    await viewer.importXML(source());
    const canvas = viewer.get("canvas");
    canvas.zoom("fit-viewport", "auto");
    canvas.zoom(canvas.zoom() * 0.94, "auto");
    frames = next;
    at = -1;
    list.replaceChildren(...frames.map((frame, n) => h("li", {}, button(sentence(frame), () => { stop(); show(n); }, { class: "frame-link" }))));
    container.dataset.ready = "true";
    await show(-1);
  };

  async function start() {
    result.textContent = t("running");
    try {
      const driven = await run();
      await begin(driven.frames ?? []);
      result.textContent = driven.said;
      result.className = driven.outcome === "completed" ? "done" : "said";
      say(driven.said);
    } catch (problem) { console.warn(problem); result.textContent = t("not_run"); }
  }

  controls();
  /** Play frames that come from elsewhere, such as a counter-example. */
  return { show: async (found, said) => { await begin(found); result.textContent = said; result.className = "said"; } };
};
