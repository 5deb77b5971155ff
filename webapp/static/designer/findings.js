// Findings on the diagram: a numbered mark at each element that has one, and the list of them that every mark leads to.
import { button, h, redraw, t } from "./dom.js";
import { nameOf } from "./modeler.js";

const GRAVE = { error: 0, warning: 1, info: 2 };
const gravest = (found) => found.reduce((most, each) => (GRAVE[each.severity] < GRAVE[most.severity] ? each : most)).severity;

/** Show findings on the diagram and in `place`; `open` shows the diagram with an element selected. */
export const makeFindings = (ctx, place, count, open) => {
  const overlays = ctx.get("overlays");
  const canvas = ctx.get("canvas");
  let marked = [];

  const pin = (found) => {
    overlays.remove({ type: "finding" });
    for (const id of marked) if (ctx.elements.get(id)) canvas.removeMarker(id, "has-finding");
    const by = Map.groupBy ? Map.groupBy(found, (each) => each.element) : found.reduce((all, each) => all.set(each.element, [...(all.get(each.element) ?? []), each]), new Map());
    marked = [];
    for (const [id, here] of by) {
      const element = id && ctx.elements.get(id);
      if (!element || element === ctx.root()) continue;
      const severity = gravest(here);
      const label = `${nameOf(element, ctx.elements)}: ${here.map((each) => each.text).join(" ")}`;
      const mark = h("button", { type: "button", class: `pin pin-${severity}`, title: label, "aria-label": label, onclick: () => open(id) }, String(here.length));
      overlays.add(element, "finding", { position: element.waypoints ? { top: -12, left: -12 } : { top: -14, left: -10 }, html: mark, show: { minZoom: 0.2 } });
      canvas.addMarker(element, "has-finding");
      marked.push(id);
    }
  };

  const row = (each) => {
    const element = each.element && ctx.elements.get(each.element);
    const where = element ? button(nameOf(element, ctx.elements), () => open(each.element), { class: "btn btn-sm link" }) : h("code", {}, each.element ?? "–");
    return h("tr", {},
      h("th", { scope: "row", class: "title" }, where),
      h("td", { "data-label": t("severity") }, h("span", { class: `severity severity-${each.severity}` }, each.weight_text)),
      h("td", { "data-label": t("message") }, h("span", {}, each.text), " ", h("code", {}, each.rule)));
  };

  const table = (found) => h("table", { class: "table cards" },
    h("thead", {}, h("tr", {}, ...["element", "severity", "message"].map((each) => h("th", { scope: "col" }, t(each))))),
    h("tbody", {}, ...found.map(row)));

  return (answer) => {
    const inForms = Object.entries(answer.forms).flatMap(([name, wrong]) => wrong.map((each) => `${t("form")} ${name}: ${each.field} ${each.text}`));
    const inTables = Object.entries(answer.decisions).flatMap(([name, wrong]) => wrong.map((each) => `${t("decision")} ${name}: ${each.text}`));
    const found = [...answer.findings].sort((a, b) => GRAVE[a.severity] - GRAVE[b.severity]);
    const many = found.filter((each) => each.severity !== "info").length + inForms.length + inTables.length;
    count.textContent = many ? String(many) : "";
    pin(found);
    redraw(place,
      h("p", { class: answer.grade === "runs" && !many ? "done" : "said", role: "status" }, answer.grade_text),
      inForms.length + inTables.length ? h("ul", {}, ...[...inForms, ...inTables].map((each) => h("li", {}, each))) : null,
      found.length ? table(found) : h("p", {}, t("no_findings")),
      h("p", { class: "quiet" }, answer.second));
  };
};
